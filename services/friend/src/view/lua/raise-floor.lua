-- ARGV: revision
raiseFloor(ARGV[1])
return 'raised'
