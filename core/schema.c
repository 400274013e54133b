#include "core/schema.h"
