// The descriptor table of the collector file; see descriptor.hpp for what a table does.
#pragma once

#include "config/collector.hpp"
#include "config/descriptor.hpp"

namespace config {

Table<Collector> collector_table();

}  // namespace config
