#include "core/merkle.h"
