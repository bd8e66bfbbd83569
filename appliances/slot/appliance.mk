# slot: no service yet. tools/thimble-service puts one into the finished image; BINARY=, ROOT= and CONTAINER= start from it.
SERVICE_NONE := 1
