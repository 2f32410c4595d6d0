"""Follows a friend list over server-sent events, by docs/live-lists/protocol.md: the numbers below are its clauses.

    KITH_TOKEN=<access token> python3 follow_friend_list.py http://127.0.0.1:4000/graphql
    python3 follow_friend_list.py --vectors ../../docs/live-lists/vectors

Writes one line of JSON for each state of the list. Ends with 0 when stopped, 1 when it cannot go on, 2 when used wrongly.
"""
import hashlib
import http.client
import json
import os
import pathlib
import random
import sys
import time
import urllib.error
import urllib.request

PERSON = "{ id nickname avatarUrl }"
FRIEND = f"user {PERSON} remark displayName pinned tags since"
REQUEST = f"id from {PERSON} to {PERSON} message sentAt"
SUBSCRIPTION = f"""subscription ($after: String) {{ friendListChanged(after: $after) {{
  __typename cursor revision
  ... on FriendListSnapshot {{ reason complete friends {{ {FRIEND} }} requests {{ {REQUEST} }} }}
  ... on FriendAdded {{ friend {{ {FRIEND} }} }}
  ... on FriendChanged {{ friend {{ {FRIEND} }} }}
  ... on FriendRemoved {{ userId }}
  ... on FriendRequestAdded {{ request {{ {REQUEST} }} }}
  ... on FriendRequestClosed {{ requestId }}
}} }}"""
SILENT_AT_MOST_S = 30
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 15
FOR_GOOD = {"UNAUTHENTICATED", "SESSION_ENDED", "BAD_USER_INPUT"}


class Hole(Exception):
    """A revision is missing: resume from the list's cursor (3.3)."""


class Ended(Exception):
    """Trying again will not help (1.4)."""


def hash_of(*entry):
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))  # 4.2
    preimage = f"kith-list-entry-1\nfriend-list\n{text}".encode()
    return int.from_bytes(hashlib.sha256(preimage).digest()[:16], "big")  # 4.3


def hash_of_friend(f):  # 4.1
    user = f["user"]
    return hash_of("friend", user["id"], user["nickname"], user["avatarUrl"], f["remark"], f["pinned"], f["tags"], f["since"])


def hash_of_request(r):  # 4.1
    return hash_of("request", r["id"], r["from"]["id"], r["to"]["id"], r["message"], r["sentAt"])


class FriendList:
    def __init__(self):
        self.friends, self.requests = {}, {}
        self.cursor, self.revision, self.sum = None, 0, 0
        self.pages = None

    @property
    def digest(self):
        return f"1-{self.sum % (1 << 128):032x}"  # 4.4

    def interrupted(self):
        self.pages = None  # 2.3

    def apply(self, change):
        """Whether the list is another now. Raises Hole."""
        kind, revision = change["__typename"], change["revision"]
        if kind == "FriendListSnapshot":
            return self._take_page(change)
        if revision <= self.revision:
            return False  # 3.2
        if revision != self.revision + 1:
            raise Hole(f"revision {revision} came where {self.revision + 1} was due")
        if kind in ("FriendAdded", "FriendChanged"):  # 3.4
            self._put(self.friends, change["friend"]["user"]["id"], change["friend"], hash_of_friend)
        elif kind == "FriendRemoved":
            self._put(self.friends, change["userId"], None, hash_of_friend)
        elif kind == "FriendRequestAdded":  # 3.5
            self._put(self.requests, change["request"]["id"], change["request"], hash_of_request)
        elif kind == "FriendRequestClosed":
            self._put(self.requests, change["requestId"], None, hash_of_request)
        else:
            raise Ended(f"{kind} is a change that this reader does not know")
        self.cursor, self.revision = change["cursor"], revision  # 3.1
        return True

    def _put(self, entries, key, now, hashed):
        before = entries.pop(key, None)
        if before is not None:
            self.sum -= hashed(before)
        if now is not None:
            entries[key] = now
            self.sum += hashed(now)

    def _take_page(self, page):
        if self.pages is None or self.pages[0]["revision"] != page["revision"]:
            self.pages = []  # 2.1, 2.3
        self.pages.append(page)
        if not page["complete"]:
            return False
        pages, self.pages = self.pages, None
        self.friends, self.requests, self.sum = {}, {}, 0  # 2.2, 2.4
        for friend in (friend for page in pages for friend in page["friends"]):
            self._put(self.friends, friend["user"]["id"], friend, hash_of_friend)
        for request in (request for page in pages for request in page["requests"]):
            self._put(self.requests, request["id"], request, hash_of_request)
        self.cursor, self.revision = page["cursor"], page["revision"]
        return True


def results(url, token, after):
    """The results of one line, until it ends (1.2)."""
    body = json.dumps({"query": SUBSCRIPTION, "variables": {"after": after}}).encode()
    headers = {"content-type": "application/json", "accept": "text/event-stream", "authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request, timeout=SILENT_AT_MOST_S) as line:
        if line.headers.get_content_type() != "text/event-stream":
            yield json.load(line)  # refused before the line was open
            return
        event, data = "", ""
        for text in (raw.decode().rstrip("\r\n") for raw in line):
            field, _, value = text.partition(":")
            if field == "event":
                event = value.strip()
            elif field == "data":
                data += value + "\n"
            elif text == "":
                if event == "next":
                    yield json.loads(data)
                event, data = "", ""


def take(friend_list, result):
    """Whether the list is another now. Raises Hole, Ended, or ConnectionError for what was not delivered (1.4)."""
    errors = result.get("errors")
    if not errors and not result.get("data"):
        raise ConnectionError("an answer without data")
    if errors:
        codes = {error.get("extensions", {}).get("code") for error in errors}
        raise (Ended if codes & FOR_GOOD else ConnectionError)(errors[0]["message"])
    return friend_list.apply(result["data"]["friendListChanged"])


def follow(url, token):
    """Yields the list after each change, for ever (1.1, 1.3)."""
    friend_list, pause_s = FriendList(), SHORTEST_PAUSE_S
    while True:
        moved = False
        try:
            for result in results(url, token, friend_list.cursor):
                if take(friend_list, result):
                    moved, pause_s = True, SHORTEST_PAUSE_S
                    yield friend_list
        except Hole as hole:
            print(f"a hole: {hole}", file=sys.stderr)
            if moved:  # 3.3
                friend_list.interrupted()
                continue
        except urllib.error.HTTPError as refused:
            if refused.code < 500 and refused.code != 429:
                raise Ended(f"{refused.code}: {refused.read(500).decode(errors='replace')}") from refused
            wait = refused.headers.get("retry-after") or ""
            pause_s = max(pause_s, float(wait) if wait.isdigit() else 0)
        except (OSError, http.client.HTTPException, ValueError) as broken:
            print(f"the line broke: {broken}", file=sys.stderr)
        friend_list.interrupted()
        time.sleep(pause_s * random.uniform(0.5, 1))
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def differences(vector):
    friend_list = FriendList()
    for at, step in enumerate(vector["steps"], 1):
        try:
            changed = friend_list.interrupted() if step.get("interrupted") else friend_list.apply(step["receive"])
            outcome = "changed" if changed else "unchanged"
        except Hole:
            outcome = "hole"
        is_now = {"outcome": outcome, "revision": friend_list.revision, "cursor": friend_list.cursor}
        is_now |= {"digest": friend_list.digest, "friends": [friend_list.friends[id] for id in sorted(friend_list.friends)]}
        is_now |= {"requests": [friend_list.requests[id] for id in sorted(friend_list.requests)]}
        for field, expected in step["expect"].items():
            if is_now[field] != expected:
                yield f"step {at}: {field} is {is_now[field]!r} and should be {expected!r}"


def check_vectors(folder):
    files = sorted(pathlib.Path(folder).glob("*.json"))
    failures = [f"{file.name}: {found}" for file in files for found in differences(json.loads(file.read_text("utf-8")))]
    print(f"{len(files)} vectors, {len(failures)} differences", *failures, sep="\n")
    return 0 if files and not failures else 1


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--vectors":
        return check_vectors(arguments[1])
    token = os.environ.get("KITH_TOKEN")
    if len(arguments) != 1 or not arguments[0].startswith("http") or not token:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        for now in follow(arguments[0], token):
            counts = {"friends": len(now.friends), "requests": len(now.requests)}
            print(json.dumps({"revision": now.revision, "digest": now.digest, **counts}), flush=True)
    except Ended as why:
        print(f"ended: {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
