#include "decode/value.hpp"

#include <fmt/format.h>

#include <iterator>

namespace decode {
namespace {

void append_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
        else
          out += c;
    }
  }
  out += '"';
}

void append_json(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Kind::null: out += "null"; break;
    case Kind::boolean: out += value.as_boolean() ? "true" : "false"; break;
    case Kind::number: out += value.text(); break;
    case Kind::string: append_string(value.text(), out); break;
    case Kind::spoiled: out += "\"\\ufffd\""; break;
    case Kind::array: {
      out += '[';
      const char* separator = "";
      for (const Value& item : value.items()) {
        out += separator;
        append_json(item, out);
        separator = ",";
      }
      out += ']';
      break;
    }
    case Kind::object: {
      out += '{';
      const char* separator = "";
      for (const Member& member : value.members()) {
        out += separator;
        append_string(member.key, out);
        out += ':';
        append_json(member.value, out);
        separator = ",";
      }
      out += '}';
      break;
    }
  }
}

// One past the bracket that closes the one at body[at]; the body is known to be well-formed.
std::size_t end_of_container(std::string_view body, std::size_t at) {
  int depth = 0;
  for (bool inside_string = false; at < body.size(); ++at) {
    const char c = body[at];
    if (inside_string) {
      if (c == '\\')
        ++at;
      else if (c == '"')
        inside_string = false;
    } else if (c == '"') {
      inside_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return at + 1;
    }
  }
  return body.size();
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  for (const Member& member : members())
    if (member.key == key) return &member.value;
  return nullptr;
}

const Value* find_spoiled(const Value& value) {
  if (value.kind() == Kind::spoiled) return &value;
  for (const Value& item : value.items())
    if (const Value* found = find_spoiled(item)) return found;
  for (const Member& member : value.members())
    if (const Value* found = find_spoiled(member.value)) return found;
  return nullptr;
}

std::string to_json(const Value& value) {
  std::string out;
  append_json(value, out);
  return out;
}

std::string Document::raw(const Value& record) const {
  const std::size_t begin = record.offset();
  if (begin >= body.size()) return to_json(record);
  return body.substr(begin, end_of_container(body, begin) - begin);
}

}  // namespace decode
