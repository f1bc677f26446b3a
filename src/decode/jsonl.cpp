#include "decode/jsonl.hpp"

#include <fmt/format.h>

#include <functional>
#include <vector>

#include "decode/builder.hpp"
#include "decode/json.hpp"
#include "decode/limits.hpp"

namespace decode {
namespace {

// Moves what one line was decoded to into the Document of all. Texts that stand in the line as they are, as
// most do, are not copied.
class Mover {
 public:
  Mover(const Document& from, std::string_view line, std::size_t line_offset, Builder& to)
      : from_(from.body), line_(line), offset_(line_offset), verbatim_(from.body == line), to_(to) {}

  Value move(const Value& value) {
    const std::uint32_t offset = value.offset() == Value::no_offset || !verbatim_
                                     ? Value::no_offset
                                     : value.offset() + static_cast<std::uint32_t>(offset_);
    switch (value.kind()) {
      case Kind::null:
      case Kind::boolean: return value;
      case Kind::number: return Value::number(text(value.text()));
      case Kind::string: return Value::string(text(value.text()));
      case Kind::spoiled: return Value::spoiled(text(value.text()), offset);
      case Kind::array: {
        const std::span<const Value> items = value.items();
        Value* const moved = to_.allocate<Value>(items.size());
        for (std::size_t i = 0; i < items.size(); ++i) moved[i] = move(items[i]);
        return Value::array({moved, items.size()});
      }
      case Kind::object: {
        const std::span<const Member> members = value.members();
        auto* const moved = to_.allocate<Member>(members.size());
        for (std::size_t i = 0; i < members.size(); ++i)
          moved[i] = {text(members[i].key), move(members[i].value)};
        return Value::object({moved, members.size()}, offset);
      }
    }
    return {};
  }

 private:
  std::string_view text(std::string_view text) {
    const std::less_equal<> not_behind;
    const char* const begin = from_.data();
    if (verbatim_ && not_behind(begin, text.data()) && not_behind(text.data(), begin + from_.size()))
      return line_.substr(static_cast<std::size_t>(text.data() - begin), text.size());
    return to_.keep(text);
  }

  const std::string& from_;
  const std::string_view line_;
  const std::size_t offset_;
  const bool verbatim_;
  Builder& to_;
};

}  // namespace

base::Result<Document> decode_jsonl(std::string sent) {
  Document document = TRY(open_document(std::move(sent), "utf-8"));
  Builder build(document, max_tree);
  const std::string_view body = document.body;
  std::vector<Value> records;
  std::size_t number = 0;
  for (std::size_t begin = 0, end = 0; begin < body.size(); begin = end + 1) {
    end = std::min(body.find('\n', begin), body.size());
    ++number;
    const std::string_view line = body.substr(begin, end - begin);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto decoded = decode_json(std::string(line));
    if (decoded) {
      records.push_back(Mover(*decoded, line, begin, build).move(decoded->root));
      document.spoiled += decoded->spoiled;
      document.duplicate_keys += decoded->duplicate_keys;
    } else {
      std::string_view why = decoded.error().message;
      if (why.starts_with("line 1,")) why.remove_prefix(7);
      records.push_back(build.spoiled(fmt::format("line {},{}", number, why)));
    }
    if (const auto error = build.too_large()) return *error;
  }
  document.root = build.array(records);
  return document;
}

}  // namespace decode
