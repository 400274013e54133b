#include "core/msgpack.h"
