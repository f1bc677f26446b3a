// The keys under `destination`: where rows go, and how.
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>

#include "base/text.hpp"
#include "config/tables.hpp"

namespace config {
namespace {

using Disposition = Destination::WriteDisposition;

void check_database(const std::string& name, const Node& node, Context& context) {
  const std::vector<std::string>& known = context.databases();
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  const std::string_view close = base::nearest(name, {known.begin(), known.end()});
  const std::string remedy =
      close.empty() ? fmt::format("known: {}; add it under databases in pulse.yaml", fmt::join(known, ", "))
                    : fmt::format("did you mean \"{}\"?", close);
  context.fault_at(node.mark, "database", fmt::format("{} is the name of no database", shown(node)), remedy);
}

void check_destination(const Destination& it, const Node& node, Context& context) {
  for (const std::string_view kept : {"pulse_", "phoenix_", "sqlite_", "_prev_"})
    if (strncasecmp(it.table.c_str(), kept.data(), kept.size()) == 0)
      context.fault_at(node.nearest("table").mark, "table",
                       fmt::format("tables that begin with {} are kept for the program", kept), "rename it");
  check_database(it.database, node.nearest("database"), context);
  const bool has_key = node.find("primary_key") != nullptr;
  if (it.write_disposition == Disposition::merge && !has_key)
    context.fault_at(node.mark, "primary_key", "is missing", "merge tells rows apart by it");
  const auto only_merge = [&](std::string_view key, bool present) {
    if (present && it.write_disposition != Disposition::merge)
      context.fault_at(node.nearest(key).mark, key, "has a meaning for merge only", "remove it");
  };
  only_merge("on_conflict", !it.on_conflict.empty());
  only_merge("version_column", !it.version_column.empty());
  if (!it.dedup_sort.empty() && !has_key)
    context.fault_at(node.nearest("dedup_sort").mark, "dedup_sort", "has no meaning without a primary_key",
                     "remove it, or name the key");
}

}  // namespace

Table<Destination> destination_table() {
  Table<Destination> table;
  table.key("table", &Destination::table, identifier(), required(), "Created if it does not exist.");
  table.key("database", &Destination::database, text(), defaults("store"),
            "A name of databases in pulse.yaml; store is its own.");
  table.key("schema", &Destination::schema, identifier(), optional(),
            "Of the table, where the database has schemas.");
  table.key("write_disposition", &Destination::write_disposition,
            one_of<Disposition>({{"merge", Disposition::merge},
                                 {"append", Disposition::append},
                                 {"replace", Disposition::replace}}),
            defaults("merge"),
            "merge: insert what is new, update what has changed, by primary_key. append: only insert; with a "
            "primary_key, what is not there yet. replace: the table holds what the run found, nothing else.");
  table.key("primary_key", &Destination::primary_key, list_of(identifier()), optional(),
            "The columns that tell rows apart. merge needs it.");
  using Conflict = Destination::OnConflict;
  table.key("on_conflict", &Destination::on_conflict,
            map_of(one_of<Conflict>({{"overwrite", Conflict::overwrite},
                                     {"keep", Conflict::keep},
                                     {"keep_if_null", Conflict::keep_if_null},
                                     {"max", Conflict::max},
                                     {"min", Conflict::min}}),
                   "<column>"),
            optional(),
            "What becomes of a stored value: overwrite (the default), keep, keep_if_null (the new one, if "
            "there is one), max, min.");
  using Contract = Destination::SchemaContract;
  table.key("schema_contract", &Destination::schema_contract,
            one_of<Contract>({{"evolve", Contract::evolve},
                              {"freeze", Contract::freeze},
                              {"discard_row", Contract::discard_row},
                              {"discard_value", Contract::discard_value},
                              {"quarantine_row", Contract::quarantine_row}}),
            defaults("evolve"),
            "For a column that the table lacks, and for a value of another type. evolve: add the column; set "
            "the record aside. freeze: the run fails. discard_value: NULL instead. discard_row: drop the "
            "record and count it. quarantine_row: set the record aside.");
  table.key(
      "dedup_sort", &Destination::dedup_sort, identifier(), optional(),
      "Of records with one key in one batch, the one with the greatest value here stays, else the last.");
  table.key("version_column", &Destination::version_column, identifier(), optional(),
            "Update a row only if the new value here is greater than the stored one.");
  table.rule(check_destination);
  return table;
}

}  // namespace config
