#include "broker/audit.h"
