#include "collect/body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory_resource>
#include <optional>

#include "base/decimal.hpp"
#include "base/text.hpp"
#include "decode/json.hpp"

namespace collect {
namespace {

using config::BodyJson;
using decode::Kind;
using decode::Value;

base::Error unusable(const expr::Template& source, std::string_view why) {
  return base::error(base::Code::invalid_config, "{} {}", source.text(), why);
}

base::Result<Value> value_of(const expr::Template& source, const expr::TemplateValues& values,
                             std::pmr::memory_resource& arena) {
  const auto value = source.render(values, arena);
  if (!value) return base::error(base::Code::invalid_config, "{}", value.error());
  if (const Value* bad = decode::find_spoiled(*value))
    return unusable(source, fmt::format("is spoiled: {}", bad->text()));
  return *value;
}

// A scalar without quotes and templates, if JSON knows it as something else than a text.
std::optional<Value> bare_value(std::string_view text) {
  if (text == "null") return Value{};
  if (text == "true" || text == "false") return Value::boolean(text == "true");
  if (base::plain_decimal(text)) return Value::number(text);
  return std::nullopt;
}

using Encoded = tl::expected<std::string, std::string>;

Encoded encode_path(std::string_view text) {
  constexpr std::string_view kept = "/:@,";
  std::string result;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    const std::string_view segment = text.substr(begin, end - begin);
    if (segment == "." || segment == "..")
      return tl::unexpected(std::string("holds . or .. as a part of a path"));
    begin = end + 1;
  }
  for (const char& c : text)
    result += kept.find(c) == std::string_view::npos ? base::percent_encode({&c, 1}) : std::string(1, c);
  return result;
}

Encoded check_host(std::string_view text) {
  for (const unsigned char c : text)
    if (!std::isalnum(c) && std::string_view(".-_:").find(static_cast<char>(c)) == std::string_view::npos)
      return tl::unexpected(std::string("holds a character that no host name has"));
  return std::string(text);
}

base::Result<std::string> render_encoded(const config::Templated& templated,
                                         const expr::TemplateValues& values,
                                         const expr::Template::Encoder& encode) {
  if (templated.is_secret()) return templated.secret.reveal();
  std::pmr::monotonic_buffer_resource arena;
  auto text = templated.text->render_text(values, arena, encode);
  if (!text) return base::error(base::Code::invalid_config, "{}", text.error());
  return std::move(*text);
}

}  // namespace

base::Result<std::string> render(const config::Templated& templated, const expr::TemplateValues& values) {
  if (templated.is_secret()) return templated.secret.reveal();
  std::pmr::monotonic_buffer_resource arena;
  const Value value = TRY(value_of(*templated.text, values, arena));
  switch (value.kind()) {
    case Kind::string:
    case Kind::number: return std::string(value.text());
    case Kind::boolean: return std::string(value.as_boolean() ? "true" : "false");
    case Kind::null: return unusable(*templated.text, "has no value; default('…') gives it one");
    case Kind::array: return unusable(*templated.text, "is a list; json makes it a text");
    default: return unusable(*templated.text, "is a map; name one of its keys, or json makes it a text");
  }
}

base::Result<std::string> render_path(const config::Templated& templated,
                                      const expr::TemplateValues& values) {
  return render_encoded(templated, values, encode_path);
}

base::Result<std::string> render_base(const config::Templated& templated,
                                      const expr::TemplateValues& values) {
  return render_encoded(templated, values, check_host);
}

base::Result<Body> Body::render(const BodyJson& body, const expr::TemplateValues& values) {
  Body result;
  result.root_ = TRY(render_node(body, values, {}));
  return result;
}

base::Result<Body::Node> Body::render_node(const BodyJson& body, const expr::TemplateValues& values,
                                           const std::string& place) {
  if (body.kind == BodyJson::Kind::scalar)
    return TRY_WITH(render_scalar(body, values), "request_body_json{}{}",
                    place.empty() || place.starts_with('[') ? "" : ".", place);
  Node node{body.kind};
  for (std::size_t i = 0; i < body.items.size(); ++i)
    node.items.push_back(TRY(render_node(body.items[i], values, fmt::format("{}[{}]", place, i))));
  for (const auto& [key, below] : body.entries)
    node.members.emplace_back(
        key, TRY(render_node(below, values, place.empty() ? key : fmt::format("{}.{}", place, key))));
  return node;
}

base::Result<Body::Node> Body::render_scalar(const BodyJson& body, const expr::TemplateValues& values) {
  const config::Templated& scalar = body.scalar;
  if (scalar.is_secret()) return to_node(Value::string(scalar.secret.reveal()));
  const std::string& source = scalar.text->text();
  if (!body.text && source.find("{{") == std::string::npos)
    if (const auto value = bare_value(source)) return to_node(*value);
  std::pmr::monotonic_buffer_resource arena;
  return to_node(TRY(value_of(*scalar.text, values, arena)));
}

base::Result<Body::Node> Body::to_node(const Value& value) {
  Node node{BodyJson::Kind::scalar};
  if (value.kind() == Kind::array) {
    node.kind = BodyJson::Kind::list;
    for (const Value& item : value.items()) node.items.push_back(TRY(to_node(item)));
  } else if (value.kind() == Kind::object) {
    node.kind = BodyJson::Kind::map;
    for (const decode::Member& member : value.members())
      node.members.emplace_back(member.key, TRY(to_node(member.value)));
  } else if (value.kind() == Kind::spoiled) {
    return base::error(base::Code::invalid_data, "cannot be sent: {}", value.text());
  } else {
    node.json = decode::to_json(value);
  }
  return node;
}

// Takes the first name or [index] off `rest`, and gives what is there, made if need be.
base::Result<Body::Node*> Body::step_into(Node& node, std::string_view& rest, std::string_view path) {
  const auto fault = [path](std::string_view why) {
    return base::error(base::Code::invalid_config, "the path {} does not fit the JSON body: {}", path, why);
  };
  const bool index = rest.starts_with('[');
  const BodyJson::Kind wanted = index ? BodyJson::Kind::list : BodyJson::Kind::map;
  if (node.kind == BodyJson::Kind::scalar && node.json == "null") node = Node{wanted};
  if (node.kind != wanted)
    return fault(fmt::format("there is no {} before {}", index ? "list" : "map", rest));
  if (index) {
    const std::size_t end = rest.find(']');
    std::size_t at = 0;
    const char* const last = rest.data() + std::min(end, rest.size());
    const auto [stop, error] = std::from_chars(rest.data() + 1, last, at);
    if (end == std::string_view::npos || error != std::errc{} || stop != last)
      return fault("write a number in brackets, as in filters[0]");
    if (at > node.items.size())
      return fault(fmt::format("the list before {} has {} items", rest, node.items.size()));
    if (at == node.items.size()) node.items.push_back(Node{BodyJson::Kind::scalar, "null"});
    rest.remove_prefix(end + 1);
    return &node.items[at];
  }
  const std::string_view name = rest.substr(0, rest.find_first_of(".["));
  if (name.empty()) return fault("a name is missing in it");
  rest.remove_prefix(name.size());
  for (auto& [key, below] : node.members)
    if (key == name) return &below;
  node.members.emplace_back(name, Node{BodyJson::Kind::scalar, "null"});
  return &node.members.back().second;
}

base::Result<void> Body::set(std::string_view path, const Value& value) {
  Node replacement = TRY(to_node(value));
  Node changed = root_;  // a path that does not fit leaves the body as it was
  Node* node = &changed;
  std::string_view rest = path;
  do {
    if (node != &changed && rest.starts_with('.')) rest.remove_prefix(1);
    node = TRY(step_into(*node, rest, path));
  } while (!rest.empty());
  *node = std::move(replacement);
  root_ = std::move(changed);
  return {};
}

base::Result<void> Body::set_json(std::string_view path, std::string json) {
  const decode::Document document = TRY_WITH(decode::decode_json(std::move(json)), "the value for {}", path);
  return set(path, document.root);
}

void Body::append(const Node& node, std::string& out) {
  if (node.kind == BodyJson::Kind::scalar) {
    out += node.json;
    return;
  }
  const bool list = node.kind == BodyJson::Kind::list;
  out += list ? '[' : '{';
  const char* separator = "";
  for (const Node& item : node.items) {
    out += separator;
    append(item, out);
    separator = ",";
  }
  for (const auto& [key, below] : node.members) {
    out.append(separator).append(decode::to_json(Value::string(key))).append(":");
    append(below, out);
    separator = ",";
  }
  out += list ? ']' : '}';
}

std::string Body::text() const {
  std::string out;
  append(root_, out);
  return out;
}

}  // namespace collect
