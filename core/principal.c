#include "core/principal.h"
