#include "core/checkpoint.h"
