#include "config/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/decimal.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t max_rows = 1'000'000'000'000;
constexpr std::array<std::string_view, 7> words{"row_count", "freshness", "no_future_dates", "duplicate",
                                                "missing",   "invalid",   "anomaly"};

// The arguments of a word as they stand in the file: level and release among them, column or columns.
template <class W>
struct Written : W {
  std::optional<CheckLevel> own_level;
  std::optional<CheckRelease> own_release;
  std::string one_column;
};

Type<CheckLevel> level() {
  return one_of<CheckLevel>(
      {{"warn", CheckLevel::warn}, {"hold", CheckLevel::hold}, {"fail", CheckLevel::fail}});
}

Type<CheckRelease> release() {
  return one_of<CheckRelease>(
      {{"manual", CheckRelease::manual}, {"second_fetch", CheckRelease::second_fetch}});
}

// Table<Written<W>> whose keys are members of W or of a base of W.
template <class W>
class WordTable {
 public:
  using T = Written<W>;
  template <class Owner, class Member, class V>
  void key(std::string name, Member Owner::*member, Type<V> type, Presence presence, std::string meaning) {
    table_.key(std::move(name), static_cast<Member T::*>(member), std::move(type), std::move(presence),
               std::move(meaning));
  }
  void rule(std::function<void(const T&, const Node&, Context&)> rule) { table_.rule(std::move(rule)); }
  void bad_rows() {
    key("must_be", &W::must_be, maybe(integer(0, max_rows)), optional(),
        "Exactly so many rows may break it; without it or must_be_less_than, none.");
    key("must_be_less_than", &W::must_be_less_than, maybe(share()), optional(),
        "Fewer rows than this may break it, or a smaller part of all: 5%.");
    rule([](const T& it, const Node& node, Context& context) {
      if (it.must_be && it.must_be_less_than)
        context.fault(node.mark, "has both must_be and must_be_less_than", "give one of them");
      if (it.must_be_less_than && it.must_be_less_than->percent <= 0 && it.must_be_less_than->count == 0)
        context.fault_at(node.nearest("must_be_less_than").mark, "must_be_less_than",
                         "nothing is less than 0", "write must_be: 0");
    });
  }
  Type<std::optional<T>> type() && {
    key("level", &T::own_level, maybe(level()), optional(), "As beside the word.");
    key("release", &T::own_release, maybe(release()), optional(), "As beside the word.");
    return maybe(nested(std::move(table_)));
  }

 private:
  Table<T> table_;
};

// Columns of a check, at least one, each once.
Type<std::vector<std::string>> column_list() {
  auto list = list_of(identifier());
  list.read = [read = list.read](const Node& node,
                                 Context& context) -> std::optional<std::vector<std::string>> {
    auto columns = read(node, context);
    if (!columns) return std::nullopt;
    if (columns->empty()) context.fault(node.mark, "is empty", "name at least one column");
    for (std::size_t i = 0; i < columns->size(); ++i)
      if (const auto here = columns->begin() + static_cast<std::ptrdiff_t>(i);
          std::find(columns->begin(), here, *here) != here)
        context.fault(node.items[i].mark, fmt::format("\"{}\" stands twice", *here), "remove one");
    return columns;
  };
  return list;
}

Type<std::pair<std::int64_t, std::int64_t>> interval() {
  const std::string allowed = "write [least, most], as in [10, 500]";
  return {
      {"[least, most]", allowed, nullptr, {}, R"({"type": "array", "minItems": 2, "maxItems": 2})"},
      [allowed](const Node& node, Context& context) -> std::optional<std::pair<std::int64_t, std::int64_t>> {
        if (node.kind != Node::Kind::sequence || node.items.size() != 2) {
          context.fault(node.mark, "is not a list of two numbers", allowed);
          return std::nullopt;
        }
        const auto bounds = list_of(integer(0, max_rows)).read(node, context);
        if (!bounds) return std::nullopt;
        if ((*bounds)[0] <= (*bounds)[1]) return std::pair((*bounds)[0], (*bounds)[1]);
        context.fault(node.mark, "ends before it begins", allowed);
        return std::nullopt;
      }};
}

Type<std::string> decimal() {
  const std::string allowed = "write a number: 0, -1.5, 1e6";
  return {{"number", allowed, nullptr, {}, scalar_schema},
          [allowed](const Node& node, Context& context) -> std::optional<std::string> {
            const auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            if (auto plain = base::plain_decimal(*text)) return plain;
            context.fault(node.mark, shown(node) + " is not a number", allowed);
            return std::nullopt;
          }};
}

Type<std::optional<Written<RowCount>>> row_count() {
  WordTable<RowCount> table;
  table.key("must_be_greater_than", &RowCount::must_be_greater_than, maybe(integer(0, max_rows)), optional(),
            "More rows than this.");
  table.key("must_be_less_than", &RowCount::must_be_less_than, maybe(integer(1, max_rows)), optional(),
            "Fewer rows than this.");
  table.key("must_be_between", &RowCount::must_be_between, maybe(interval()), optional(),
            "At least the one, at most the other.");
  table.key("must_be", &RowCount::must_be, maybe(integer(0, max_rows)), optional(), "Exactly so many rows.");
  table.key("table", &RowCount::table, identifier(), optional(),
            "Counts a stored table instead of the batch.");
  table.key("where", &RowCount::where, text(), optional(), "SQL: counts only the rows it is true for.");
  table.rule([](const RowCount& it, const Node& node, Context& context) {
    const int limits = it.must_be_greater_than.has_value() + it.must_be_less_than.has_value() +
                       it.must_be_between.has_value() + it.must_be.has_value();
    if (limits != 1)
      context.fault(node.mark, limits == 0 ? "has no limit" : "has several limits",
                    "give exactly one of must_be_greater_than, must_be_less_than, must_be_between, must_be");
    if (const Node* where = node.find("where"); where != nullptr && it.where.empty())
      context.fault_at(where->mark, "where", "is empty", "write an SQL condition, or remove it");
  });
  return std::move(table).type();
}

Type<std::optional<Written<Freshness>>> freshness() {
  WordTable<Freshness> table;
  table.key("column", &Freshness::column, identifier(), required(), "The column with the time.");
  table.key("must_be_less_than", &Freshness::must_be_less_than, duration(1s, 100 * 366 * 24h), required(),
            "The newest value must be younger than this.");
  return std::move(table).type();
}

Type<std::optional<Written<NoFutureDates>>> no_future_dates() {
  WordTable<NoFutureDates> table;
  table.key("columns", &NoFutureDates::columns, column_list(), required(), "The columns with dates.");
  table.key("tolerance", &NoFutureDates::tolerance, duration(0s, 100 * 366 * 24h), defaults("1d"),
            "How far ahead is still right: a date without a zone may be tomorrow's.");
  return std::move(table).type();
}

Type<std::optional<Written<Duplicate>>> duplicate() {
  WordTable<Duplicate> table;
  table.key("columns", &Duplicate::columns, column_list(), required(),
            "No two rows may be the same in all of these.");
  table.bad_rows();
  return std::move(table).type();
}

Type<std::optional<Written<Missing>>> missing() {
  WordTable<Missing> table;
  table.key("column", &Written<Missing>::one_column, identifier(), optional(),
            "The column that must have a value.");
  table.key("columns", &Missing::columns, column_list(), optional(),
            "Or several; a row counts once, whichever is missing.");
  table.bad_rows();
  table.rule([](const Written<Missing>& it, const Node& node, Context& context) {
    if (it.one_column.empty() == it.columns.empty())
      context.fault(node.mark, it.columns.empty() ? "names no column" : "has both column and columns",
                    "give one of column, columns");
  });
  return std::move(table).type();
}

Type<std::optional<Written<Invalid>>> invalid() {
  WordTable<Invalid> table;
  table.key("column", &Invalid::column, identifier(), required(), "The column.");
  table.key("valid_min", &Invalid::valid_min, maybe(decimal()), optional(), "No value is smaller.");
  table.key("valid_max", &Invalid::valid_max, maybe(decimal()), optional(), "No value is greater.");
  table.key("valid_values", &Invalid::valid_values, list_of(text()), optional(), "No other values.");
  table.key("valid_regex", &Invalid::valid_regex, maybe(regular_expression()), optional(),
            "Every text matches it.");
  table.bad_rows();
  table.rule([](const Invalid& it, const Node& node, Context& context) {
    if (const Node* list = node.find("valid_values"); list != nullptr && it.valid_values.empty())
      context.fault_at(list->mark, "valid_values", "is empty", "name at least one value");
    else if (!it.valid_min && !it.valid_max && it.valid_values.empty() && !it.valid_regex)
      context.fault(node.mark, "does not say what is valid",
                    "give at least one of valid_min, valid_max, valid_values, valid_regex");
    if (it.valid_min && it.valid_max && base::compare_decimal(*it.valid_min, *it.valid_max) > 0)
      context.fault_at(node.nearest("valid_max").mark, "valid_max", "is less than valid_min",
                       "change one of them");
  });
  return std::move(table).type();
}

Type<std::optional<Written<Anomaly>>> anomaly() {
  using Metric = Anomaly::Metric;
  using Seasonality = Anomaly::Seasonality;
  using Direction = Anomaly::Direction;
  WordTable<Anomaly> table;
  table.key("metric", &Anomaly::metric,
            one_of<Metric>({{"row_count", Metric::row_count},
                            {"missing_percent", Metric::missing_percent},
                            {"average", Metric::average},
                            {"sum", Metric::sum},
                            {"min", Metric::min},
                            {"max", Metric::max}}),
            defaults("row_count"), "What is compared with earlier runs.");
  table.key("column", &Anomaly::column, identifier(), optional(), "Of every metric but row_count.");
  table.key("training", &Anomaly::training, duration(24h, 5 * 366 * 24h), defaults("60d"),
            "How far back the comparison goes.");
  table.key("seasonality", &Anomaly::seasonality,
            one_of<Seasonality>({{"none", Seasonality::none}, {"day_of_week", Seasonality::day_of_week}}),
            defaults("day_of_week"), "day_of_week: Sundays are compared with Sundays.");
  table.key("direction", &Anomaly::direction,
            one_of<Direction>({{"both", Direction::both}, {"up", Direction::up}, {"down", Direction::down}}),
            defaults("both"), "Which changes matter.");
  table.rule([](const Anomaly& it, const Node& node, Context& context) {
    const bool wanted = it.metric != Metric::row_count;
    if (wanted && it.column.empty())
      context.fault_at(node.mark, "column", "is missing", "this metric needs it");
    if (!wanted && !it.column.empty())
      context.fault_at(node.nearest("column").mark, "column", "has no meaning for row_count", "remove it");
    if (it.seasonality == Seasonality::day_of_week && it.training < 14 * 24h)
      context.fault_at(node.nearest("training").mark, "training", "holds no two days of the same name",
                       "make it at least 2w, or set seasonality: none");
  });
  return std::move(table).type();
}

// One item as it stands in the file.
struct Item {
  std::optional<Written<RowCount>> row_count;
  std::optional<Written<Freshness>> freshness;
  std::optional<Written<NoFutureDates>> no_future_dates;
  std::optional<Written<Duplicate>> duplicate;
  std::optional<Written<Missing>> missing;
  std::optional<Written<Invalid>> invalid;
  std::optional<Written<Anomaly>> anomaly;
  std::optional<CheckLevel> level;
  std::optional<CheckRelease> release;
};

Table<Item> item_table() {
  Table<Item> table;
  table.key("row_count", &Item::row_count, row_count(), optional(), "How many rows there must be.");
  table.key("freshness", &Item::freshness, freshness(), optional(), "How old the newest row may be.");
  table.key("no_future_dates", &Item::no_future_dates, no_future_dates(), optional(),
            "Nothing may be dated ahead of now.");
  table.key("duplicate", &Item::duplicate, duplicate(), optional(), "What must not repeat.");
  table.key("missing", &Item::missing, missing(), optional(), "What must not be NULL.");
  table.key("invalid", &Item::invalid, invalid(), optional(), "Which values are allowed.");
  table.key("anomaly", &Item::anomaly, anomaly(), optional(), "What must look as it used to.");
  table.key("level", &Item::level, maybe(level()), optional(),
            "warn (unless set): say it; hold: keep the batch until it is approved; fail: refuse the batch.");
  table.key("release", &Item::release, maybe(release()), optional(),
            "How a held batch gets free: manual (unless set), by `pulse approve`, or when a second_fetch "
            "brings the same.");
  table.rule([](const Item&, const Node& node, Context& context) {
    const auto is_word = [](const Entry& entry) {
      return std::find(words.begin(), words.end(), entry.key) != words.end();
    };
    const auto found = std::count_if(node.entries.begin(), node.entries.end(), is_word);
    if (found != 1)
      context.fault(node.mark, found == 0 ? "names no check" : "names several checks",
                    fmt::format("give exactly one of {}", fmt::join(words, ", ")));
  });
  return table;
}

bool may_fail(const Check& check) {
  return std::holds_alternative<Duplicate>(check.rule) || std::holds_alternative<Missing>(check.rule) ||
         std::holds_alternative<Invalid>(check.rule) || std::holds_alternative<NoFutureDates>(check.rule);
}

// The rules that need the word and what stands beside it together.
void check_options(const Check& check, const Node& node, Context& context) {
  const Node& inner = *node.find(check.word());
  const auto fault = [&](std::string_view key, std::string message, std::string remedy) {
    const Node* const inside = inner.find(key);
    const auto report = [&] {
      context.fault_at(inside != nullptr ? inside->mark : node.nearest(key).mark, key, std::move(message),
                       std::move(remedy));
      return 0;
    };
    inside != nullptr ? context.below(check.word(), report) : report();
  };
  for (const std::string_view key : {"level", "release"})
    if (node.find(key) != nullptr && inner.find(key) != nullptr)
      fault(key, "stands twice, beside the check and inside of it", "remove one");
  if (check.level == CheckLevel::fail && !may_fail(check))
    fault("level", fmt::format("{} cannot fail a batch", check.word()),
          "allowed: warn, hold; fail is for duplicate, missing, invalid and no_future_dates");
  if (check.release == CheckRelease::second_fetch && check.level != CheckLevel::hold)
    fault("release", "only a held batch is released", "set level: hold, or remove it");
}

Check make_check(Item item) {
  Check check;
  const auto take = [&](auto& written) {
    if (!written) return;
    if (!item.level) item.level = written->own_level;
    if (!item.release) item.release = written->own_release;
    using W = std::decay_t<decltype(*written)>;
    if constexpr (std::is_base_of_v<Missing, W>)
      if (!written->one_column.empty()) written->columns = {written->one_column};
    const auto assign = [&]<class Rule>(Written<Rule>& from) { check.rule = static_cast<Rule&&>(from); };
    assign(*written);
  };
  take(item.row_count);
  take(item.freshness);
  take(item.no_future_dates);
  take(item.duplicate);
  take(item.missing);
  take(item.invalid);
  take(item.anomaly);
  check.level = item.level.value_or(CheckLevel::warn);
  check.release = item.release.value_or(CheckRelease::manual);
  return check;
}

Type<Check> check() {
  const auto item = nested(item_table());
  return {item.info, [item](const Node& node, Context& context) -> std::optional<Check> {
            auto read = item.read(node, context);
            if (!read) return std::nullopt;
            Check check = make_check(std::move(*read));
            const std::size_t before = context.faults().size();
            check_options(check, node, context);
            return context.faults().size() == before ? std::optional(std::move(check)) : std::nullopt;
          }};
}

}  // namespace

bool RowCount::allows(std::int64_t rows) const {
  return (!must_be || rows == *must_be) && (!must_be_greater_than || rows > *must_be_greater_than) &&
         (!must_be_less_than || rows < *must_be_less_than) &&
         (!must_be_between || (rows >= must_be_between->first && rows <= must_be_between->second));
}

bool BadRows::allows(std::int64_t bad, std::int64_t all) const {
  if (!must_be_less_than) return bad == must_be.value_or(0);
  if (!must_be_less_than->is_percent) return bad < must_be_less_than->count;
  // Of no rows at all, no part is bad.
  return bad == 0 || static_cast<double>(bad) * 100 < must_be_less_than->percent * static_cast<double>(all);
}

std::string_view Check::word() const { return words[rule.index()]; }

std::vector<NamedColumn> columns_of(const std::vector<Check>& checks) {
  std::vector<NamedColumn> named;
  for (std::size_t i = 0; i < checks.size(); ++i)
    std::visit(
        [&](const auto& rule) {
          const std::string path = fmt::format("checks[{}].{}.column", i, checks[i].word());
          if constexpr (requires { rule.columns; }) {
            for (std::size_t k = 0; k < rule.columns.size(); ++k)
              named.push_back({rule.columns[k], fmt::format("{}s[{}]", path, k)});
          } else if constexpr (requires { rule.column; }) {
            if (!rule.column.empty()) named.push_back({rule.column, path});
          }
        },
        checks[i].rule);
  return named;
}

Type<std::vector<Check>> checks() {
  auto list = list_of(check());
  list.read = [read = list.read](const Node& node, Context& context) -> std::optional<std::vector<Check>> {
    if (node.items.size() <= max_checks) return read(node, context);
    context.fault(node.mark, fmt::format("has {} checks", node.items.size()),
                  fmt::format("at most {}", max_checks));
    return std::nullopt;
  };
  return list;
}

}  // namespace config
