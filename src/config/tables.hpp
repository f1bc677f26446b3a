// The descriptor tables of the parts of a collector file, each in the .cpp of its own. Internal to this
// folder.
#pragma once

#include <string_view>
#include <vector>

#include "config/collector.hpp"
#include "config/descriptor.hpp"

namespace config {

Table<Collector> collector_table();
Table<Requester> requester_table();
Type<PartitionRouter> partition_router();
Table<IncrementalSync> incremental_sync_table();
Table<Paginator> paginator_table();
Table<Decoder> decoder_table();
Table<RecordSelector> record_selector_table();
Type<std::vector<Field>> fields();  // the ordered map <column> → field, each knowing its column
Table<Destination> destination_table();

// What templates of this collector may name: from its router's `as`, and whether there are windows.
expr::TemplateScope scope_of(const Node& collector);

// A map whose other keys depend on its `type`: what each type needs, and what it may have besides.
struct TypeKeys {
  std::string_view type;
  std::vector<std::string_view> needed, optional;
};
// Faults for what is missing, and for what belongs to another type. `common` are the keys of all types.
void check_type_keys(const Node& node, Context& context, std::string_view type,
                     const std::vector<TypeKeys>& types, const std::vector<std::string_view>& common);

}  // namespace config
