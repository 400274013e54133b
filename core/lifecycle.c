#include "core/lifecycle.h"
