#include "core/quorum.h"
