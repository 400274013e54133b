#include "broker/clock.h"
