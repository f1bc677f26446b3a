// Templates of a collector file, rendered: single texts, and JSON bodies that a paginator may still change.
//
// Pure; a Body belongs to one thread. Errors are invalid_config and name the template, or its place in the
// body. What comes from the environment is a text, in plain: the body then holds a secret.
//
//   Body body = TRY(Body::render(*requester.request_body_json, values));
//   TRY(body.set("filters[0].pageNumber", decode::Value::number("2")));
//   request.body = body.text();
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "config/requester.hpp"
#include "decode/value.hpp"
#include "expr/template.hpp"

namespace collect {

// As text: numbers as they were written, booleans as true and false. null is an error, a list or map too.
base::Result<std::string> render(const config::Templated& templated, const expr::TemplateValues& values);

// Of requester.path: what a template gives is percent-encoded but for '/', so that it stays a part of the
// path; "." and ".." are refused.
base::Result<std::string> render_path(const config::Templated& templated, const expr::TemplateValues& values);
// Of requester.url_base: what a template gives may hold what host names are made of, and nothing else.
base::Result<std::string> render_base(const config::Templated& templated, const expr::TemplateValues& values);

class Body {
 public:
  Body() = default;  // {}

  // A scalar that is one template keeps its type; so do true, false, null and numbers without quotes.
  static base::Result<Body> render(const config::BodyJson& body, const expr::TemplateValues& values);

  // Puts the value at a path like "a.b[0].c", in place of what is there. Maps and lists on the way are made,
  // also in place of null; a list grows by one item at its end.
  base::Result<void> set(std::string_view path, const decode::Value& value);
  base::Result<void> set_json(std::string_view path, std::string json);

  std::string text() const;  // RFC 8259, compact; members in the order they came

 private:
  struct Node {
    config::BodyJson::Kind kind = config::BodyJson::Kind::map;
    std::string json{};  // of a scalar
    std::vector<Node> items{};
    std::vector<std::pair<std::string, Node>> members{};
  };
  static base::Result<Node> render_node(const config::BodyJson& body, const expr::TemplateValues& values,
                                        const std::string& place);
  static base::Result<Node> render_scalar(const config::BodyJson& body, const expr::TemplateValues& values);
  static base::Result<Node> to_node(const decode::Value& value);
  static base::Result<Node*> step_into(Node& node, std::string_view& rest, std::string_view path);
  static void append(const Node& node, std::string& out);

  Node root_;
};

}  // namespace collect
