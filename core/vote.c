#include "core/vote.h"
