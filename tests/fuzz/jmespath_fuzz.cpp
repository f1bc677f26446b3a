// Any text is an Expression or a fault within it; any Expression on a document full of shapes gives a value
// or an error, the same one twice. The same text as a Template.
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string_view>

#include "base/check.hpp"
#include "decode/json.hpp"
#include "expr/jmespath.hpp"
#include "expr/template.hpp"

namespace {

const decode::Document& document() {
  static const decode::Document result = *decode::decode_json(
      R"({"a": [{"b": 1.50, "c": "x"}, {"b": 2, "c": "y", "d": [1, [2, [3]]]}, null, [], {}], "b": {"a": true, "c": "é😀"},
          "c": "2024-01-02", "d": [3, 1e2, -1, 0.1, 1e999999], "e": ["b", "a", ""], "f": null, "g": -0.0})");
  return result;
}

void as_template(std::string_view text) {
  expr::TemplateScope scope{true, true, {{"a", {}}, {"b", {"a", "c"}}}};
  const auto parsed = expr::Template::parse(text, scope);
  if (!parsed) {
    CHECK(parsed.error().column <= text.size(), "a fault is inside of the text");
    return;
  }
  CHECK(parsed->text() == text, "the text is kept");
  expr::TemplateValues values;
  values.window_start = base::WallTime{std::chrono::seconds{1'700'000'000}};
  values.cursor = decode::Value::string("2024-02-29");
  values.partitions = {{"a", decode::Value::number("5")}, {"b", *document().root.find("b")}};
  std::pmr::monotonic_buffer_resource arena;
  const auto value = parsed->render(values, arena);
  CHECK(value || !value.error().empty(), "an error says something");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  as_template(text);
  const auto expression = expr::Expression::parse(text);
  if (!expression) {
    CHECK(expression.error().column <= text.size(), "a fault is inside of the text");
    CHECK(!expression.error().message.empty(), "a fault says something");
    return 0;
  }
  std::pmr::monotonic_buffer_resource arena;
  const auto first = expression->evaluate(document().root, arena);
  const auto second = expression->evaluate(document().root, arena);
  CHECK(first.has_value() == second.has_value(), "the same twice");
  if (first && text.size() < 200)
    CHECK(decode::to_json(*first) == decode::to_json(*second), "the same twice");
  return 0;
}
