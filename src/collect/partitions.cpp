#include "collect/partitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory_resource>
#include <unordered_set>

#include "base/fingerprint.hpp"
#include "base/text.hpp"

namespace collect {
namespace {

using base::Code;
using config::PartitionRouter;
using decode::Kind;
using decode::Value;
using Type = PartitionRouter::Type;

struct Storage {
  std::pmr::monotonic_buffer_resource arena;
  std::size_t used = 0;

  template <class T>
  T* allocate(std::size_t count) {
    used += count * sizeof(T);
    return static_cast<T*>(arena.allocate(std::max<std::size_t>(1, count) * sizeof(T), alignof(T)));
  }
  std::string_view keep(std::string_view text) {
    char* const place = allocate<char>(text.size());
    std::copy(text.begin(), text.end(), place);
    return {place, text.size()};
  }
  Value keep(const Value& value) {
    switch (value.kind()) {
      case Kind::number: return Value::number(keep(value.text()));
      case Kind::string: return Value::string(keep(value.text()));
      case Kind::array: {
        Value* const items = allocate<Value>(value.items().size());
        std::size_t count = 0;
        for (const Value& item : value.items()) new (items + count++) Value(keep(item));
        return Value::array({items, count});
      }
      case Kind::object: {
        auto* const members = allocate<decode::Member>(value.members().size());
        std::size_t count = 0;
        for (const decode::Member& it : value.members())
          new (members + count++) decode::Member{keep(it.key), keep(it.value)};
        return Value::object({members, count});
      }
      default: return value;
    }
  }
};

// JSON with the members of every map in the order of their names, so that one value has one key.
std::string canonical_json(const Value& value) {
  if (value.kind() == Kind::array) {
    std::string list;
    for (const Value& item : value.items()) list += (list.empty() ? "" : ",") + canonical_json(item);
    return '[' + list + ']';
  }
  if (value.kind() != Kind::object) return decode::to_json(value);
  std::vector<const decode::Member*> members;
  for (const decode::Member& member : value.members()) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](auto* a, auto* b) { return a->key < b->key; });
  std::string map;
  for (const decode::Member* it : members)
    map +=
        (map.empty() ? "" : ",") + decode::to_json(Value::string(it->key)) + ':' + canonical_json(it->value);
  return '{' + map + '}';
}

// A text, with what would make two keys look the same percent-encoded: separators, and brackets in front.
std::string key_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool bracket = out.empty() && (c == '{' || c == '[');
    if (byte < 0x20 || byte == 0x7f || c == '%' || c == ',' || c == '=' || bracket)
      out += fmt::format("%{:02X}", byte);
    else
      out += c;
  }
  return out;
}

std::string key_of(std::string_view as, const Value& value) {
  const bool text = value.kind() == Kind::string || value.kind() == Kind::number;
  return fmt::format("{}={}", key_text(as), text ? key_text(value.text()) : canonical_json(value));
}

std::string bounded(const std::string& key) {
  constexpr std::size_t fingerprint_bytes = 33;  // with its '#'
  if (key.size() <= max_partition_key_bytes - fingerprint_bytes - 7) return key;
  return base::shorten(key, max_partition_key_bytes - fingerprint_bytes) + '#' + base::fingerprint(key);
}

// Of one router: in each row as many named values as the router has parts.
using Row = std::vector<std::pair<std::string_view, Value>>;
using Rows = std::vector<Row>;

base::Error too_many() {
  return base::error(Code::invalid_config,
                     "partition_router: more than {} partitions; split the collector, or use type: chunk",
                     max_partitions);
}

base::Error twice(const PartitionRouter& router, const std::string& key) {
  const char* const mend = router.type == Type::table ? "write SELECT DISTINCT in its query"
                                                      : "each value may stand once in partition_router";
  return base::error(Code::invalid_config, "partition_router: the partition {} comes twice; {}",
                     base::shorten(base::escape_control(key), 100), mend);
}

class Planner {
 public:
  Planner(const PartitionSources& sources, Storage& storage) : sources_(sources), storage_(storage) {}

  base::Result<Rows> rows(const PartitionRouter& router) {
    switch (router.type) {
      case Type::list: return list(router);
      case Type::chunk: return chunks(router);
      case Type::product: return product(router);
      case Type::table: return from_source(router, sources_.rows, "table");
      case Type::substream: break;
    }
    return from_source(router, sources_.records, "substream");
  }

 private:
  base::Result<Rows> single(const PartitionRouter& router, const std::vector<Value>& values) {
    if (values.size() > max_partitions) return too_many();
    Rows rows;
    rows.reserve(values.size());
    std::unordered_set<std::string> seen;
    for (const Value& value : values) {
      const Value kept = storage_.keep(value);
      if (storage_.used > max_partition_bytes)
        return base::error(
            Code::invalid_data,
            "partition_router: the values of {} have more than {}; name what is needed with path", router.as,
            base::format_size(max_partition_bytes));
      if (const std::string key = bounded(key_of(router.as, kept)); !seen.insert(key).second) {
        if (router.type == Type::substream) continue;
        return twice(router, key);
      }
      rows.push_back({{router.as, kept}});
    }
    return rows;
  }

  base::Result<Rows> list(const PartitionRouter& router) {
    const auto values = router.values->root.items();
    return single(router, {values.begin(), values.end()});
  }

  base::Result<Rows> chunks(const PartitionRouter& router) {
    std::vector<Value> chunks;
    std::string joined;
    const auto values = router.values->root.items();
    const auto size = static_cast<std::size_t>(std::max<std::int64_t>(1, router.size));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Value& value = values[i];
      if (i % size != 0) joined += router.join;
      joined += value.text().empty() && value.kind() != Kind::string ? decode::to_json(value) : value.text();
      if ((i + 1) % size != 0 && i + 1 < values.size()) continue;
      chunks.push_back(Value::string(storage_.keep(joined)));
      joined.clear();
    }
    return single(router, chunks);
  }

  base::Result<Rows> product(const PartitionRouter& router) {
    Rows result(1);
    for (const PartitionRouter& part : router.of) {
      const Rows factor = TRY(rows(part));
      if (factor.empty()) return Rows();
      if (result.size() > max_partitions / factor.size()) return too_many();
      Rows combined;
      combined.reserve(result.size() * factor.size());
      for (const Row& left : result)
        for (const Row& right : factor) {
          combined.push_back(left);
          combined.back().insert(combined.back().end(), right.begin(), right.end());
        }
      result = std::move(combined);
    }
    return result;
  }

  base::Result<Rows> from_source(const PartitionRouter& router, const PartitionSources::Source& source,
                                 const char* type) {
    if (!source)
      return base::error(Code::internal, "partition_router: nothing answers for type: {} here", type);
    const std::vector<Value> found = TRY_WITH(source(router), "partition_router.{}", router.as);
    std::vector<Value> values;
    std::pmr::monotonic_buffer_resource arena;  // until single() has copied what is kept
    for (const Value& record : found) {
      Value value = record;
      if (router.path) {
        const auto at_path = router.path->evaluate(record, arena);
        if (!at_path)
          return base::error(Code::invalid_data, "partition_router.path: {}: {}", router.path->text(),
                             at_path.error());
        value = *at_path;
      }
      if (const Value* bad = decode::find_spoiled(value))
        return base::error(Code::invalid_data, "partition_router: a value of {} cannot be read: {}",
                           router.as, bad->text());
      if (!value.is_null()) values.push_back(value);
    }
    if (values.empty() && !found.empty())
      return base::error(Code::invalid_data, "partition_router: {} is null in all {} {} of the {}", router.as,
                         found.size(), type == std::string_view("table") ? "rows" : "records", type);
    return single(router, values);
  }

  const PartitionSources& sources_;
  Storage& storage_;
};

}  // namespace

base::Result<std::vector<Partition>> plan_partitions(const PartitionRouter* router,
                                                     const PartitionSources& sources) {
  if (router == nullptr) return std::vector<Partition>(1);
  const auto storage = std::make_shared<Storage>();
  const Rows rows = TRY(Planner(sources, *storage).rows(*router));
  std::vector<Partition> partitions;
  partitions.reserve(rows.size());
  for (const Row& row : rows) {
    Partition& partition = partitions.emplace_back(Partition{.storage = storage});
    std::string key;
    for (const auto& [as, value] : row) {
      if (!partition.values.emplace(as, value).second)
        return base::error(Code::invalid_config,
                           "partition_router: two parts have the name {}; change an `as`", as);
      key += (key.empty() ? "" : ",") + key_of(as, value);
    }
    partition.key = bounded(key);
  }
  return partitions;
}

}  // namespace collect
