/* Exports too little. */
#define NO_ALLOC
#include "guest.h"
