#include "proto/frames.h"
