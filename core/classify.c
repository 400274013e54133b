#include "core/classify.h"
