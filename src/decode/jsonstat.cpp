#include "decode/jsonstat.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "decode/builder.hpp"
#include "decode/encoding.hpp"
#include "decode/json.hpp"

namespace decode {
namespace {

constexpr std::size_t max_dimensions = 64;

template <class... Args>
base::Error bad(fmt::format_string<Args...> format, Args&&... args) {
  return base::error(base::Code::invalid_data, "JSON-stat: {}",
                     fmt::format(format, std::forward<Args>(args)...));
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, number);
  if (text.empty() || fault != std::errc() || stop != end) return std::nullopt;
  return number;
}

const Value* find(const Value* value, std::string_view key) {
  return value == nullptr ? nullptr : value->find(key);
}

struct Category {
  std::string_view id;
  Value label;
};

struct Dimension {
  std::string_view id, label_key;
  std::vector<Category> categories;
};

class Reader {
 public:
  Reader(Document& document, std::size_t max_tree) : build_(document, max_tree) {}

  base::Result<Value> read(const Value& root);

 private:
  base::Result<void> dimensions(const Value& dataset);
  base::Result<void> categories(const Value* sent, std::uint64_t size, Dimension& dimension);
  base::Result<void> statuses(const Value* status);
  Value status_of(std::uint64_t position) const;
  base::Result<void> row(std::uint64_t position, const Value& value);

  Builder build_;
  std::vector<Dimension> dimensions_;
  std::uint64_t cells_ = 1;
  Value status_for_all_;
  std::span<const Value> status_list_;
  std::unordered_map<std::uint64_t, Value> statuses_;
  std::vector<Value> rows_;
};

base::Result<const Value*> find_dataset(const Value& root) {
  const auto is_dataset = [](const Value& value) {
    return value.find("dimension") != nullptr && value.find("value") != nullptr;
  };
  if (is_dataset(root)) return &root;
  const Value* const kind = root.find("class");
  if (kind != nullptr && kind->text() != "dataset")
    return bad("the answer is a {}, not a dataset", printable(kind->text()));
  const Value* found = nullptr;  // 1.x: an object of datasets
  std::size_t count = 0;
  for (const Member& member : root.members())
    if (is_dataset(member.value)) {
      found = &member.value;
      ++count;
    }
  if (count > 1) return bad("the answer holds {} datasets; ask for one", count);
  if (found == nullptr) return bad("no dataset: an object with \"dimension\" and \"value\" is expected");
  return found;
}

base::Result<void> Reader::categories(const Value* sent, std::uint64_t size, Dimension& dimension) {
  const std::string name = printable(dimension.id);
  const Value* const index = find(sent, "index");
  const Value* const labels = find(sent, "label");
  std::vector<std::string_view> ids;
  if (index != nullptr && index->kind() == Kind::array) {
    for (const Value& id : index->items()) {
      if (id.kind() != Kind::string) return bad("dimension \"{}\": an index that is no text", name);
      ids.push_back(id.text());
    }
  } else if (index != nullptr && index->kind() == Kind::object) {
    ids.resize(index->members().size());
    std::vector<bool> taken(ids.size());
    for (const Member& member : index->members()) {
      const auto place = whole_number(member.value.text());
      if (!place || *place >= ids.size() || taken[*place])
        return bad("dimension \"{}\": category \"{}\" has no place of its own in the index", name,
                   printable(member.key));
      ids[*place] = member.key;
      taken[*place] = true;
    }
  } else if (labels != nullptr && labels->members().size() == 1) {
    ids.push_back(labels->members()[0].key);  // a single category needs no index
  }
  if (ids.size() != size)
    return bad("dimension \"{}\": {} categories, but its size is {}", name, ids.size(), size);

  std::unordered_map<std::string_view, Value> texts;
  if (labels != nullptr)
    for (const Member& member : labels->members()) texts.emplace(member.key, member.value);
  for (const std::string_view id : ids) {
    const auto found = texts.find(id);
    dimension.categories.push_back({id, found == texts.end() ? Value::string(id) : found->second});
  }
  return {};
}

base::Result<void> Reader::dimensions(const Value& dataset) {
  const Value* const all = dataset.find("dimension");
  const Value* ids = dataset.find("id");
  const Value* sizes = dataset.find("size");
  if (ids == nullptr) ids = find(all, "id");  // 1.x
  if (sizes == nullptr) sizes = find(all, "size");
  if (ids == nullptr || ids->items().empty() || sizes == nullptr)
    return bad("\"id\" and \"size\" must list the dimensions");
  if (ids->items().size() != sizes->items().size())
    return bad("{} dimensions, but {} sizes", ids->items().size(), sizes->items().size());
  if (ids->items().size() > max_dimensions) return bad("more than {} dimensions", max_dimensions);
  std::unordered_set<std::string_view> keys = {"value", "status"};
  for (std::size_t i = 0; i < ids->items().size(); ++i) {
    const Value& id = ids->items()[i];
    const auto size = whole_number(sizes->items()[i].text());
    if (id.kind() != Kind::string || !size)
      return bad("dimension {}: no name, or a size that is no count", i + 1);
    Dimension dimension{id.text(), build_.keep(fmt::format("{}_label", id.text())), {}};
    if (!keys.insert(dimension.id).second || !keys.insert(dimension.label_key).second)
      return bad("the name of dimension \"{}\" is taken by another key of the rows", printable(id.text()));
    TRY(categories(find(find(all, id.text()), "category"), *size, dimension));
    if (__builtin_mul_overflow(cells_, *size, &cells_)) return bad("more cells than can be counted");
    dimensions_.push_back(std::move(dimension));
  }
  return {};
}

base::Result<void> Reader::statuses(const Value* status) {
  if (status == nullptr) return {};
  if (status->kind() == Kind::string) status_for_all_ = *status;
  const std::span<const Value> items = status->items();
  if (!items.empty() && items.size() != cells_)
    return bad("{} statuses, but {} cells by the sizes of the dimensions", items.size(), cells_);
  status_list_ = items;
  for (const Member& member : status->members()) {
    const auto position = whole_number(member.key);
    if (!position || *position >= cells_)
      return bad("a status for cell \"{}\", but there are {} cells", printable(member.key), cells_);
    statuses_.emplace(*position, member.value);
  }
  return {};
}

Value Reader::status_of(std::uint64_t position) const {
  if (!status_list_.empty()) return status_list_[position];
  const auto found = statuses_.find(position);
  return found == statuses_.end() ? status_for_all_ : found->second;
}

base::Result<void> Reader::row(std::uint64_t position, const Value& value) {
  if (value.is_null()) return {};
  const std::size_t width = 2 * dimensions_.size() + 2;
  auto* const members = build_.allocate<Member>(width);
  std::uint64_t rest = position;
  for (std::size_t i = dimensions_.size(); i-- > 0;) {  // the last dimension varies fastest
    const Dimension& dimension = dimensions_[i];
    const Category& category = dimension.categories[rest % dimension.categories.size()];
    rest /= dimension.categories.size();
    members[2 * i] = {dimension.id, Value::string(category.id)};
    members[2 * i + 1] = {dimension.label_key, category.label};
  }
  members[width - 2] = {"value", value};
  members[width - 1] = {"status", status_of(position)};
  rows_.push_back(Value::object({members, width}));
  if (auto error = build_.too_large()) return std::move(*error);
  return {};
}

base::Result<Value> Reader::read(const Value& root) {
  const Value& dataset = *TRY(find_dataset(root));
  TRY(dimensions(dataset));
  TRY(statuses(dataset.find("status")));
  const Value& values = *dataset.find("value");
  const std::span<const Value> items = values.items();
  if (values.kind() == Kind::array && items.size() != cells_)
    return bad("{} values, but {} cells by the sizes of the dimensions", items.size(), cells_);
  if (values.kind() != Kind::array && values.kind() != Kind::object)
    return bad("\"value\" must be an array or an object");
  for (std::size_t i = 0; i < items.size(); ++i) TRY(row(i, items[i]));
  for (const Member& member : values.members()) {
    const auto position = whole_number(member.key);
    if (!position || *position >= cells_)
      return bad("a value for cell \"{}\", but there are {} cells", printable(member.key), cells_);
    TRY(row(*position, member.value));
  }
  return build_.array(rows_);
}

}  // namespace

base::Result<Document> decode_jsonstat(std::string body, std::size_t max_tree) {
  Document document = TRY(decode_json(std::move(body)));
  document.root = TRY(Reader(document, max_tree).read(document.root));
  return document;
}

}  // namespace decode
