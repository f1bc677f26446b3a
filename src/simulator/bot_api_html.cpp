#include "simulator/bot_api_html.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>

namespace simulator {
namespace {

constexpr std::string_view spaces = " \t\r\n\v\f";

bool is_space(char c) { return spaces.find(c) != std::string_view::npos; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::string utf8(std::uint32_t point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80U | (point >> shift & 0x3FU)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xC0U | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xE0U | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0U | point >> 18), tail(12), tail(6), tail(0)};
}

// The character that `name` (between & and ;) stands for; "" for none.
std::string character(std::string_view name) {
  static const std::map<std::string_view, std::string> named{
      {"lt", "<"}, {"gt", ">"}, {"amp", "&"}, {"quot", "\""}};
  if (const auto found = named.find(name); found != named.end()) return found->second;
  if (!name.starts_with('#')) return {};
  name.remove_prefix(1);
  const bool hex = name.starts_with('x') || name.starts_with('X');
  if (hex) name.remove_prefix(1);
  std::uint32_t point = 0;
  const auto [end, fault] = std::from_chars(name.data(), name.data() + name.size(), point, hex ? 16 : 10);
  const bool valid = fault == std::errc{} && end == name.data() + name.size() && point > 0 &&
                     point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
  return valid ? utf8(point) : std::string();
}

std::string_view entity_type(std::string_view tag) {
  static const std::map<std::string_view, std::string_view> types{{"b", "bold"},
                                                                  {"strong", "bold"},
                                                                  {"i", "italic"},
                                                                  {"em", "italic"},
                                                                  {"u", "underline"},
                                                                  {"ins", "underline"},
                                                                  {"s", "strikethrough"},
                                                                  {"strike", "strikethrough"},
                                                                  {"del", "strikethrough"},
                                                                  {"span", "spoiler"},
                                                                  {"tg-spoiler", "spoiler"},
                                                                  {"tg-emoji", "custom_emoji"},
                                                                  {"a", "text_link"},
                                                                  {"code", "code"},
                                                                  {"pre", "pre"},
                                                                  {"blockquote", "blockquote"}};
  const auto found = types.find(tag);
  return found == types.end() ? std::string_view() : found->second;
}

struct OpenTag {
  std::string name;
  Entity entity;
};

class HtmlParser {
 public:
  explicit HtmlParser(std::string_view source) : source_(source) {}

  base::Result<FormattedText> parse() {
    while (at_ < source_.size()) {
      if (source_[at_] == '&')
        TRY(character_entity());
      else if (source_[at_] != '<')
        append(source_.substr(at_++, 1));
      else if (source_.substr(at_ + 1).starts_with('/'))
        TRY(end_tag());
      else
        TRY(start_tag());
    }
    if (!open_.empty())
      return fault("Can't find end tag corresponding to start tag \"{}\"", open_.back().name);
    std::stable_sort(result_.entities.begin(), result_.entities.end(), [](const Entity& a, const Entity& b) {
      return a.offset != b.offset ? a.offset < b.offset : a.length > b.length;
    });
    return std::move(result_);
  }

 private:
  using Attributes = std::map<std::string, std::string>;

  template <class... Args>
  static base::Error fault(fmt::format_string<Args...> format, Args&&... args) {
    return base::error(base::Code::invalid_data, format, std::forward<Args>(args)...);
  }

  void append(std::string_view bytes) {
    result_.text += bytes;
    units_ += utf16_length(bytes);
  }

  base::Result<std::string> decoded(std::size_t& at) const {
    const std::size_t end = source_.substr(at, 12).find(';');
    const std::string text =
        end == std::string_view::npos ? std::string() : character(source_.substr(at + 1, end - 1));
    if (text.empty()) return fault("Unsupported character entity at byte offset {}", at);
    at += end + 1;
    return text;
  }

  base::Result<void> character_entity() {
    append(TRY(decoded(at_)));
    return {};
  }

  void skip_spaces() {
    while (at_ < source_.size() && is_space(source_[at_])) ++at_;
  }

  base::Result<Attributes> attributes(std::size_t begin) {
    Attributes result;
    for (skip_spaces(); at_ < source_.size() && source_[at_] != '>'; skip_spaces()) {
      const std::size_t end = std::min(source_.find_first_of(" \t\r\n\v\f=>", at_), source_.size());
      const std::string name = lower(source_.substr(at_, end - at_));
      if (name.empty()) return fault("Empty attribute name in the tag at byte offset {}", begin);
      at_ = end;
      skip_spaces();
      result[name] = source_.substr(at_).starts_with('=') ? TRY(attribute_value(begin)) : std::string();
    }
    if (at_ >= source_.size()) return fault("Unclosed start tag at byte offset {}", begin);
    ++at_;
    return result;
  }

  base::Result<std::string> attribute_value(std::size_t begin) {
    ++at_;
    skip_spaces();
    const char quote = at_ < source_.size() ? source_[at_] : '\0';
    const bool quoted = quote == '"' || quote == '\'';
    if (quoted) ++at_;
    std::string value;
    const auto ends = [&](char c) { return quoted ? c == quote : is_space(c) || c == '>'; };
    while (at_ < source_.size() && !ends(source_[at_])) {
      if (source_[at_] == '&')
        value += TRY(decoded(at_));
      else
        value += source_[at_++];
    }
    if (at_ >= source_.size()) return fault("Unclosed start tag at byte offset {}", begin);
    if (quoted) ++at_;
    return value;
  }

  base::Result<void> start_tag() {
    const std::size_t begin = at_++;
    const std::size_t end = std::min(source_.find_first_of(" \t\r\n\v\f>", at_), source_.size());
    const std::string name = lower(source_.substr(at_, end - at_));
    const std::string_view type = entity_type(name);
    if (end == source_.size()) return fault("Unclosed start tag at byte offset {}", begin);
    if (type.empty()) return fault("Unsupported start tag \"{}\" at byte offset {}", name, begin);
    if (open_.size() >= maximum_depth) return fault("Too many nested tags at byte offset {}", begin);
    at_ = end;
    Attributes given = TRY(attributes(begin));
    Entity entity{.type = std::string(type), .offset = units_};
    if (name == "a") entity.extra = given["href"];
    if (name == "tg-emoji") entity.extra = given["emoji-id"];
    if (name == "span" && given["class"] != "tg-spoiler")
      return fault("Tag \"span\" must have class \"tg-spoiler\" at byte offset {}", begin);
    if (name == "blockquote" && given.contains("expandable")) entity.type = "expandable_blockquote";
    static constexpr std::string_view language = "language-";
    if (name == "code" && given["class"].starts_with(language))
      entity.extra = given["class"].substr(language.size());
    open_.push_back({name, std::move(entity)});
    return {};
  }

  base::Result<void> end_tag() {
    const std::size_t begin = at_;
    const std::size_t end = source_.find('>', at_);
    if (end == std::string_view::npos) return fault("Unclosed end tag at byte offset {}", begin);
    std::string name = lower(source_.substr(at_ + 2, end - at_ - 2));
    name.erase(name.find_last_not_of(spaces) + 1);
    if (open_.empty()) return fault("Unexpected end tag at byte offset {}", begin);
    if (!name.empty() && name != open_.back().name)
      return fault("Unmatched end tag at byte offset {}, expected \"</{}>\", found \"</{}>\"", begin,
                   open_.back().name, name);
    at_ = end + 1;
    close();
    return {};
  }

  void close() {
    Entity entity = std::move(open_.back().entity);
    open_.pop_back();
    entity.length = units_ - entity.offset;
    if (entity.length == 0 || (entity.type == "text_link" && entity.extra.empty())) return;
    if (entity.type == "code" && !open_.empty() && open_.back().name == "pre") {
      open_.back().entity.extra = entity.extra;  // <pre><code class="language-x"> is one entity
      return;
    }
    if (entity.type == "code") entity.extra.clear();
    result_.entities.push_back(std::move(entity));
  }

  static constexpr std::size_t maximum_depth = 100;

  const std::string_view source_;
  std::size_t at_ = 0;
  std::size_t units_ = 0;  // of the text so far
  std::vector<OpenTag> open_;
  FormattedText result_;
};

}  // namespace

std::size_t utf16_length(std::string_view utf8) {
  std::size_t units = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

base::Result<FormattedText> parse_html(std::string_view source) { return HtmlParser(source).parse(); }

FormattedText trimmed(FormattedText text) {
  const std::size_t first = std::min(text.text.find_first_not_of(spaces), text.text.size());
  text.text.erase(text.text.find_last_not_of(spaces) + 1);
  text.text.erase(0, first);
  const std::size_t length = utf16_length(text.text);
  for (Entity& entity : text.entities) {
    const std::size_t end = std::min(length + first, entity.offset + entity.length);
    entity.offset = std::max(entity.offset, first) - first;
    entity.length = end > entity.offset + first ? end - first - entity.offset : 0;
  }
  std::erase_if(text.entities, [](const Entity& entity) { return entity.length == 0; });
  return text;
}

std::vector<Entity> command_entities(std::string_view text) {
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::vector<Entity> entities;
  for (std::size_t at = text.find('/'); at != std::string_view::npos; at = text.find('/', at + 1)) {
    if (at > 0 && !is_space(text[at - 1])) continue;
    std::size_t end = at + 1;
    while (end < text.size() && word(text[end])) ++end;
    const std::size_t letters = end - at - 1;
    if (letters == 0 || letters > 32) continue;
    if (end < text.size() && text[end] == '@') {
      std::size_t name = end + 1;
      while (name < text.size() && word(text[name])) ++name;
      if (name > end + 1) end = name;
    }
    if (end < text.size() && text[end] == '/') continue;  // a path, not a command
    entities.push_back(
        {.type = "bot_command", .offset = utf16_length(text.substr(0, at)), .length = end - at});
  }
  return entities;
}

}  // namespace simulator
