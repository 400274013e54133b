#include "proto/client.h"
