#include "proto/instance.h"
