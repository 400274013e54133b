#include "proto/file.h"
