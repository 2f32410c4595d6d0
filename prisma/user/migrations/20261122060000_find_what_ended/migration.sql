-- Which tokens have ended is asked for by time. Nearly all rows are null here and cost the index little.
CREATE INDEX "session_ended_at" ON "session"("ended_at");
CREATE INDEX "users_deleted_at" ON "users"("deleted_at");
