// A catalogue in the shape of the CISA "Known Exploited Vulnerabilities" JSON feed; vendors, products and
// texts are invented.
#pragma once

#include "simulator/world.hpp"

namespace simulator {
Api kev_api();
}
