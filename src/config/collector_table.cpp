// The descriptor table of the collector file; its parts are in requester_table.cpp, slicing_table.cpp,
// reading_table.cpp and destination_table.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "config/tables.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

Type<AllowEmpty> allow_empty() {
  const std::string allowed = "write true, false, or a duration from 1s to 10y: 7d";
  return {{"boolean or duration",
           allowed,
           nullptr,
           {},
           or_variable(R"({"type": ["boolean", "string"], "pattern": "^([0-9]+(s|m|h|d|w|mo|y))+$"})")},
          [allowed](const Node& node, Context& context) -> std::optional<AllowEmpty> {
            const auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            if (!node.quoted && (*text == "true" || *text == "false")) return AllowEmpty{*text == "true", {}};
            const auto period = base::parse_duration(*text);
            if (period && *period >= 1s && *period <= 3'650 * 24h) return AllowEmpty{false, *period};
            context.fault(node.mark, shown(node) + " is neither true nor false nor such a duration", allowed);
            return std::nullopt;
          }};
}

// Every column that is named somewhere must be one of the fields.
class ColumnNames {
 public:
  ColumnNames(const Collector& collector, const Node& node, Context& context)
      : collector_(collector), node_(node), context_(context) {}

  void check(std::string_view column, const Mark& mark, std::string_view key) const {
    const auto& fields = collector_.fields;
    if (std::any_of(fields.begin(), fields.end(), [&](const Field& it) { return it.column == column; }))
      return;
    std::vector<std::string_view> names;
    for (const Field& field : fields) names.emplace_back(field.column);
    const std::string_view close = base::nearest(column, names);
    context_.fault_at(mark, key, fmt::format("\"{}\" is not one of the fields", column),
                      close.empty() ? "name a column that stands under fields"
                                    : fmt::format("did you mean \"{}\"?", close));
  }
  void check_one(const std::string& column, std::string_view key) const {
    if (!column.empty()) check(column, node_.nearest(key).mark, key);
  }

 private:
  const Collector& collector_;
  const Node& node_;
  Context& context_;
};

// A command, or a request with its fields and destination. False: nothing more can be said of this file.
bool check_kind(const Collector& collector, const Node& node, Context& context) {
  bool whole = true;
  for (const char* key : {"requester", "fields", "destination"}) {
    const Node* found = node.find(key);
    if (collector.command && found != nullptr)
      context.fault_at(found->mark, key, "has no meaning beside a command", "remove it, or remove command");
    if (!collector.command && found == nullptr) {
      context.fault_at(node.mark, key, "is missing", "write its keys below, indented");
      whole = false;
    }
  }
  return whole && !collector.command;
}

void check_destination_columns(const Collector& collector, const Node& node, Context& context) {
  const ColumnNames names(collector, node, context);
  const Destination& destination = collector.destination;
  const auto& key = destination.primary_key;
  const Node& list = node.nearest("destination.primary_key");
  if (key.empty() && node.find("destination")->find("primary_key") != nullptr)
    context.fault_at(list.mark, "destination.primary_key", "is empty", "name at least one column");
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const Mark mark = i < list.items.size() ? list.items[i].mark : list.mark;
    names.check(key[i], mark, "destination.primary_key");
    if (!seen.insert(key[i]).second)
      context.fault_at(mark, "destination.primary_key", fmt::format("\"{}\" stands twice", key[i]),
                       "remove one");
  }
  names.check_one(destination.dedup_sort, "destination.dedup_sort");
  names.check_one(destination.version_column, "destination.version_column");
  const Node& conflicts = node.nearest("destination.on_conflict");
  for (const auto& [column, policy] : destination.on_conflict) {
    const Node* at = conflicts.find(column);
    const Mark mark = at == nullptr ? conflicts.mark : at->mark;
    names.check(column, mark, "destination.on_conflict");
    if (seen.contains(column))
      context.fault_at(mark, "destination.on_conflict", fmt::format("\"{}\" is part of the key", column),
                       "a key never changes; remove it");
  }
  if (seen.contains(destination.version_column))
    context.fault_at(node.nearest("destination.version_column").mark, "destination.version_column",
                     "is part of the key", "name another column");
}

bool takes_values_from_outside(const PartitionRouter& router) {
  return router.type == PartitionRouter::Type::table || router.type == PartitionRouter::Type::substream ||
         std::any_of(router.of.begin(), router.of.end(), takes_values_from_outside);
}

// Credentials belong to an origin that the file names, not one that data name (RT14).
void check_origin(const Collector& collector, const Node& node, Context& context) {
  const Requester& requester = collector.requester;
  if (!requester.authenticator || !requester.url_base.text || requester.url_base.text->is_constant()) return;
  if (collector.partition_router && takes_values_from_outside(*collector.partition_router))
    context.fault_at(node.nearest("requester.url_base").mark, "requester.url_base",
                     "takes the origin for the credentials from a table or from another answer",
                     "write the address out, or list the values in the file");
}

void check_pages(const Collector& collector, const Node& node, Context& context) {
  using Kind = Paginator::Type;
  const Paginator& pages = collector.paginator;
  const bool in_body = pages.type == Kind::body_page || pages.type == Kind::graphql ||
                       !pages.cursor_body_path.empty() || !pages.offset_body_path.empty() ||
                       !pages.limit_body_path.empty();
  if (in_body && !collector.requester.request_body_json)
    context.fault_at(node.nearest("paginator").mark, "paginator",
                     "turns pages in a JSON body, and there is none", "give requester.request_body_json");
  if (collector.destination.write_disposition == Destination::WriteDisposition::append &&
      collector.destination.primary_key.empty() && collector.incremental_sync)
    context.fault_at(
        node.nearest("destination").mark, "destination.primary_key",
        "is missing: windows begin with the last record of the run before, which would be there twice",
        "name the columns that tell rows apart; append then inserts what is not there yet");
  if (collector.destination.write_disposition == Destination::WriteDisposition::replace &&
      collector.incremental_sync)
    context.fault_at(node.nearest("destination.write_disposition").mark, "destination.write_disposition",
                     "replace needs the whole, and incremental_sync asks for a part of it",
                     "remove incremental_sync, or use merge");
}

}  // namespace

Table<Collector> collector_table() {
  Table<Collector> table;
  table.key("name", &Collector::name, name(), required(), "Unique among all collectors.");
  table.key("previous_names", &Collector::previous_names, list_of(name()), inert(optional()),
            "What it was called before: its history stays its own.");
  table.key("description", &Collector::description, text(), optional(), "For people.");
  table.key("labels", &Collector::labels, map_of(text(), "<label>"), optional(), "For grouping and routing.");
  table.key("schedule", &Collector::schedule, maybe(schedule()), optional(),
            "When it runs; without it, only by hand.");
  table.key("after", &Collector::after, list_of(name()), optional(), "Collectors that must have run before.");
  table.key("on_upstream_failure", &Collector::on_upstream_failure, on_upstream_failure(), defaults("skip"),
            "What to do if one of those has failed.");
  table.key("deadline", &Collector::deadline, maybe(time_of_day()), optional(),
            "With after: the time of day by which it runs in any case.");
  table.key("timeout", &Collector::timeout, duration(1s, 24h), defaults("10m"),
            "Of a whole run, with all its retries.");
  table.key("enabled", &Collector::enabled, boolean(), defaults("true"), "false: no scheduled runs.");
  table.key("priority", &Collector::priority, integer(-100, 100), defaults("0"),
            "Of those that are due, the greater goes first.");
  table.key("concurrency_group", &Collector::concurrency_group, text(), optional(),
            "Of a group, one runs at a time in a daemon.");
  table.key("command", &Collector::command, maybe(nested(command_table())), inert(optional()),
            "A program of yours instead of a request.");
  table.key("requester", &Collector::requester, nested(requester_table()), optional(),
            "What to ask, and whom. Needed, unless there is a command; so are fields and destination.");
  table.key(
      "api_budget", &Collector::api_budget, api_budget(), optional(),
      "How many calls the API allows in a time. All collectors of one process share it that have the same "
      "host and credentials; those without one of their own keep to it too. Processes on one PostgreSQL "
      "share it as far as each has a collector that declares it. Calls wait for their turn; a run "
      "whose timeout would pass before ends as rate_limited.");
  table.key("partition_router", &Collector::partition_router, maybe(partition_router()), optional(),
            "The same request for many values: each is a slice of its own.");
  table.key("max_failed_partitions", &Collector::max_failed_partitions, share(), defaults("10%"),
            "With more failed slices than this the run has failed; with fewer it is partial.");
  table.key("incremental_sync", &Collector::incremental_sync, maybe(nested(incremental_sync_table())),
            optional(), "Only what is new since the last run.");
  table.key("paginator", &Collector::paginator, nested(paginator_table()), defaults("{}"),
            "Answers that come in pages.");
  table.key("decoder", &Collector::decoder, nested(decoder_table()), defaults("{}"),
            "How to read the answer.");
  table.key("record_selector", &Collector::record_selector, nested(record_selector_table()), defaults("{}"),
            "Where the records are.");
  table.key("fields", &Collector::fields, fields(), optional(),
            "The columns, and where each finds its value.");
  table.key("destination", &Collector::destination, nested(destination_table()), optional(),
            "Where rows go.");
  table.key("allow_empty", &Collector::allow_empty, allow_empty(), optional(),
            "true: an answer without records is healthy; 7d: if the last one with some is not older. The "
            "default is false, with incremental_sync 7d.");
  table.key("expected_change_every", &Collector::expected_change_every, maybe(duration(1s, 3'650 * 24h)),
            optional(), "Unchanged for longer than this is suspect.");
  table.key("max_bad_rows", &Collector::max_bad_rows, share(), defaults("1%"),
            "More rows than this in quarantine, and the batch is rejected as a whole.");
  table.key("checks", &Collector::checks, checks(), inert(optional()), "What must be true of the rows.");
  table.key("alerts", &Collector::alerts, nested(collector_alerts_table()), inert(defaults("{}")),
            "Who hears of failures.");
  table.rule([](const Collector& collector, const Node& node, Context& context) {
    if (!check_kind(collector, node, context)) return;
    if (collector.fields.empty())
      context.fault_at(node.nearest("fields").mark, "fields", "is empty", "name at least one column");
    check_destination_columns(collector, node, context);
    check_pages(collector, node, context);
    check_origin(collector, node, context);
    const ColumnNames names(collector, node, context);
    for (const NamedColumn& it : columns_of(collector.checks))
      names.check(it.column, node.nearest(it.path).mark, it.path);
  });
  return table;
}

}  // namespace config
