#include "decode/json.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <map>
#include <vector>

#include "decode/json_text.hpp"

namespace decode {
namespace {

namespace ondemand = simdjson::ondemand;

// simdjson has made sure that every string is closed, so this ends inside the body. Reads eight bytes at a
// time, the last ones from the padding.
const char* find_quote_or_backslash(const char* at) {
  constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
  for (;; at += 8) {
    std::uint64_t block;
    std::memcpy(&block, at, sizeof block);
    if constexpr (std::endian::native == std::endian::big) block = __builtin_bswap64(block);
    const std::uint64_t quote = block ^ (ones * '"'), backslash = block ^ (ones * '\\');
    const std::uint64_t hit = (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & tops;
    if (hit != 0) return at + std::countr_zero(hit) / 8;  // the lowest hit is exact, higher ones may be false
  }
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

// Builds the tree. Every function returns false where the body breaks the grammar; find_fault() then says
// where. On-Demand checks little: brackets, commas, colons and the depth are the caller's to watch as well as
// every token.
class Walker {
 public:
  Walker(Document& document, std::vector<Spot> spots)
      : document_(document),
        begin_(document.body.data()),
        end_(begin_ + document.body.size()),
        spots_(std::move(spots)) {}

  bool walk(ondemand::document& json);

 private:
  struct Text {
    std::string_view text, why;  // `why`: spoiled, and the reason
    const char* close;           // the closing quote
  };
  using Members = std::vector<Member>;

  template <class Place>
  bool value(ondemand::value& json, int depth, Place place);
  bool key(const char* begin, std::size_t index, int depth, Text& out);
  bool array(ondemand::array json, int depth, Value& out);
  bool object(ondemand::object json, int depth, std::uint32_t offset, Value& out);
  bool root_scalar(std::string_view body, Value& out);
  bool scalar(std::string_view token, Value& out);
  bool text(const char* begin, Text& out);
  Value text_value(const Text& text);
  void resolve_duplicates(std::size_t base, int depth);

  template <class T>
  std::span<const T> keep(std::vector<T>& stack, std::size_t base);
  std::string_view keep(std::string_view text);
  std::string_view reason(std::string text);

  Document& document_;
  const char* const begin_;
  const char* const end_;
  const std::vector<Spot> spots_;
  std::size_t next_spot_ = 0;
  std::vector<Value> items_;  // of the arrays that are still open, outermost first; likewise members_
  Members members_;
  std::string unescaped_;
  std::map<std::string, std::string_view, std::less<>> reasons_;  // each kept once
  std::array<std::span<const Member>, max_depth + 1>
      unique_;  // per depth: the last object without duplicates
  std::vector<std::uint32_t> order_;
};

bool Walker::walk(ondemand::document& json) {
  const std::string_view body(begin_, end_);
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return false;
  bool good = false;
  if (body[first] == '[') {
    ondemand::array root;
    good = json.get_array().get(root) == simdjson::SUCCESS && array(root, 1, document_.root);
  } else if (body[first] == '{') {
    ondemand::object root;
    good = json.get_object().get(root) == simdjson::SUCCESS &&
           object(root, 1, static_cast<std::uint32_t>(first), document_.root);
  } else {
    return root_scalar(body.substr(first, body.find_last_not_of(" \t\r\n") + 1 - first), document_.root);
  }
  // Out of bounds: nothing follows the value.
  return good && json.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

// `place` gives the Value to fill, on the stack of the container around it: built there, a leaf need not be
// copied. What is inside of a container may move that stack.
template <class Place>
bool Walker::value(ondemand::value& json, int depth, Place place) {
  const std::string_view token = json.raw_json_token();
  switch (*token.data()) {
    case '"': {
      // Taken as a string, since skipping one over an unused token lets ["a":1] pass.
      simdjson::ondemand::raw_json_string raw;
      Text string;
      if (json.get_raw_json_string().get(raw) != simdjson::SUCCESS || !text(raw.raw(), string)) return false;
      place() = text_value(string);
      return true;
    }
    case '[': {
      ondemand::array inner;
      Value built;
      if (json.get_array().get(inner) != simdjson::SUCCESS || !array(inner, depth + 1, built)) return false;
      place() = built;
      return true;
    }
    case '{': {
      ondemand::object inner;
      Value built;
      const auto offset = static_cast<std::uint32_t>(token.data() - begin_);
      if (json.get_object().get(inner) != simdjson::SUCCESS || !object(inner, depth + 1, offset, built))
        return false;
      place() = built;
      return true;
    }
    default: return scalar(token, place());
  }
}

bool Walker::array(ondemand::array json, int depth, Value& out) {
  if (depth > max_depth) return false;
  const std::size_t base = items_.size();
  for (auto item : json) {
    ondemand::value inner;
    if (std::move(item).get(inner) != simdjson::SUCCESS) return false;
    const std::size_t index = items_.size();
    items_.emplace_back();
    if (!value(inner, depth, [&]() -> Value& { return items_[index]; })) return false;
  }
  out = Value::array(keep(items_, base));
  return true;
}

bool Walker::object(ondemand::object json, int depth, std::uint32_t offset, Value& out) {
  if (depth > max_depth) return false;
  const std::size_t base = members_.size();
  std::string_view why;
  for (auto item : json) {
    ondemand::field field;
    Text name;
    if (std::move(item).get(field) != simdjson::SUCCESS) return false;
    const std::size_t index = members_.size();
    if (!key(field.key().raw(), index - base, depth, name)) return false;
    if (name.why.data() != nullptr && why.data() == nullptr) why = name.why;
    members_.push_back({name.text, {}});
    if (!value(field.value(), depth, [&]() -> Value& { return members_[index].value; })) return false;
  }
  if (why.data() != nullptr) {
    ++document_.spoiled;
    members_.resize(base);
    out = Value::spoiled(reason(fmt::format("{} in a key", why)), offset);
    return true;
  }
  resolve_duplicates(base, depth);
  out = Value::object(keep(members_, base), offset);
  const auto depth_index = static_cast<std::size_t>(depth);
  unique_[depth_index] = out.members();
  return true;
}

// Of equal keys the first place and the last value stay, as in JavaScript and Python.
void Walker::resolve_duplicates(std::size_t base, int depth) {
  const std::span<Member> members = std::span(members_).subspan(base);
  const auto same_key = [](const Member& a, const Member& b) {
    return a.key.size() == b.key.size() && (a.key.data() == b.key.data() || a.key == b.key);
  };
  const std::span<const Member> before = unique_[static_cast<std::size_t>(depth)];
  if (std::equal(members.begin(), members.end(), before.begin(), before.end(), same_key)) return;

  constexpr std::size_t few = 16;
  if (members.size() <= few) {
    bool unique = true;
    for (std::size_t i = 1; i < members.size(); ++i)
      for (std::size_t k = 0; k < i; ++k) unique = unique && members[i].key != members[k].key;
    if (unique) return;
  }
  order_.resize(members.size());
  for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = static_cast<std::uint32_t>(i);
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const int order = members[a].key.compare(members[b].key);
    return order != 0 ? order < 0 : a < b;
  });
  std::vector<bool> dropped(members.size());
  bool any = false;
  for (std::size_t i = 0, next = 0; i < order_.size(); i = next) {
    next = i + 1;
    while (next < order_.size() && members[order_[next]].key == members[order_[i]].key)
      dropped[order_[next++]] = true;
    if (next == i + 1) continue;
    members[order_[i]].value = members[order_[next - 1]].value;
    ++document_.duplicate_keys;
    any = true;
  }
  if (!any) return;
  std::size_t kept = base;
  for (std::size_t i = 0; i < dropped.size(); ++i)
    if (!dropped[i]) members_[kept++] = members[i];
  members_.resize(kept);
}

bool Walker::root_scalar(std::string_view token, Value& out) {
  if (token.front() != '"') return scalar(token, out);
  Text string;
  if (!text(token.data() + 1, string) || string.close + 1 != token.data() + token.size()) return false;
  out = text_value(string);
  return true;
}

// `token` reaches to the next token, so blanks may follow.
bool Walker::scalar(std::string_view token, Value& out) {
  if (const char* end = end_of_number(token.data(), token.data() + token.size())) {
    out = Value::number({token.data(), end});
    return is_blank(token.substr(out.text().size()));
  }
  const std::string_view word = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
  if (word == "null") {
    out = Value();
  } else if (word == "true" || word == "false") {
    out = Value::boolean(word == "true");
  } else if (word == "NaN" || word == "Infinity" || word == "-Infinity") {
    ++document_.spoiled;
    out = Value::spoiled(reason(fmt::format("{} is not JSON", word)));
  } else {
    return false;
  }
  return true;
}

bool Walker::text(const char* begin, Text& out) {
  out.close = find_quote_or_backslash(begin);
  if (*out.close == '"') {
    out.text = {begin, out.close};
  } else {
    unescaped_.clear();
    const StringEnd string = unescape(begin, end_, unescaped_);
    if (!string.closed) return false;
    out.close = string.at;
    if (string.lone.empty())
      out.text = keep(unescaped_);
    else
      out.why = reason(fmt::format("lone surrogate {}", string.lone));
  }
  if (next_spot_ < spots_.size() &&
      spots_[next_spot_].offset < static_cast<std::size_t>(out.close - begin_)) {
    const unsigned byte = spots_[next_spot_++].byte;
    out.why = reason(byte < 0x20 ? fmt::format("raw control character 0x{:02x}", byte) : "invalid UTF-8");
  }
  return true;
}

// Records mostly look like the one before, so its key at this place is tried first: in the body, hence
// without escapes.
bool Walker::key(const char* begin, std::size_t index, int depth, Text& out) {
  const std::span<const Member> before = unique_[static_cast<std::size_t>(depth)];
  if (index < before.size() && spots_.empty()) {
    const std::string_view likely = before[index].key;
    const auto room = static_cast<std::size_t>(end_ - begin);
    if (likely.size() < room && begin[likely.size()] == '"' && likely.data() >= begin_ &&
        likely.data() < end_ && std::memcmp(begin, likely.data(), likely.size()) == 0) {
      out.text = likely;
      return true;
    }
  }
  return text(begin, out);
}

Value Walker::text_value(const Text& text) {
  if (text.why.data() == nullptr) return Value::string(text.text);
  ++document_.spoiled;
  return Value::spoiled(text.why);
}

template <class T>
std::span<const T> Walker::keep(std::vector<T>& stack, std::size_t base) {
  const std::size_t count = stack.size() - base;
  if (count == 0) return {};
  void* const place = document_.arena->allocate(count * sizeof(T), alignof(T));
  T* const kept = static_cast<T*>(place);
  std::uninitialized_copy_n(stack.data() + base, count, kept);
  stack.resize(base);
  return {kept, count};
}

std::string_view Walker::keep(std::string_view text) {
  if (text.empty()) return {};
  char* const kept = static_cast<char*>(document_.arena->allocate(text.size(), 1));
  std::memcpy(kept, text.data(), text.size());
  return {kept, text.size()};
}

std::string_view Walker::reason(std::string text) {
  const auto [found, added] = reasons_.try_emplace(std::move(text));
  if (added) found->second = keep(found->first);
  return found->second;
}

base::Error too_large() { return base::error(base::Code::invalid_data, "the body is 4 GiB or larger"); }

base::Error explain(std::string_view body, simdjson::error_code code) {
  const std::optional<Fault> fault = find_fault(body);
  if (fault)
    return base::error(base::Code::invalid_data, "{}: {}", describe_position(body, fault->offset),
                       fault->reason);
  return base::error(base::Code::internal, "simdjson: {}", simdjson::error_message(code));
}

}  // namespace

base::Result<Document> decode_json(std::string body) {
  constexpr std::size_t limit = std::numeric_limits<std::uint32_t>::max();
  if (body.size() >= limit) return too_large();
  if (body.starts_with("\xff\xfe") || body.starts_with("\xfe\xff"))
    return base::error(base::Code::invalid_data, "line 1, column 1: the body is UTF-16; JSON must be UTF-8");
  if (body.starts_with("\xef\xbb\xbf")) body.erase(0, 3);

  ondemand::parser parser;
  ondemand::document json;
  const auto iterate = [&](std::string& text) {
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    return parser.iterate(text.data(), text.size(), text.capacity() + 1).get(json);
  };
  Document document;
  std::vector<Spot> spots;
  simdjson::error_code code = iterate(body);
  const bool refused = code == simdjson::UTF8_ERROR || code == simdjson::UNESCAPED_CHARS;
  const bool repaired = refused && repair(body, document.body, spots);
  if (repaired) {
    if (document.body.size() >= limit) return too_large();
    code = iterate(document.body);
  } else {
    document.body.swap(body);
  }
  const std::string& sent = repaired ? body : document.body;
  if (code != simdjson::SUCCESS) return explain(sent, code);

  const std::size_t arena_start = std::max<std::size_t>(document.body.size(), 256);
  document.arena = std::make_unique<std::pmr::monotonic_buffer_resource>(arena_start);
  if (!Walker(document, std::move(spots)).walk(json)) return explain(sent, simdjson::TAPE_ERROR);
  return document;
}

}  // namespace decode
