#include "scratch.h"

union scratch scratch;
