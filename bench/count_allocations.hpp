// How often operator new was called since the program began. Linking count_allocations.cpp replaces it.
#pragma once

#include <cstddef>

std::size_t count_allocations();
