#include "collect/body.hpp"

#include "collect/fixture_test.hpp"

namespace {

using collect::Body;
using decode::Value;

config::Collector with_body(const std::string& body,
                            const std::map<std::string, std::string>& environment = {}) {
  return collect::testing::collector_from(
      "name: items\nrequester: {url_base: 'https://api.example', http_method: POST, request_body_json: " +
          body +
          "}\npartition_router: {type: list, values: [{code: a, id: a, names: a, none: a}], as: country}\n"
          "fields: {id: id}\ndestination: {table: items, primary_key: [id]}\n",
      environment);
}

class BodyTest : public testing::Test {
 protected:
  BodyTest() { values_.partitions["country"] = document_.root; }
  std::string text(const std::string& yaml) const {
    const auto collector = with_body(yaml, {{"TOKEN", "12"}});
    const auto body = Body::render(*collector.requester.request_body_json, values_);
    return body ? body->text() : "error: " + body.error().message;
  }
  decode::Document document_ =
      collect::testing::document_of(R"({"code": "BR", "id": 76, "names": ["a", {"b": 1.50}], "none": null})");
  expr::TemplateValues values_{.now = base::WallTime{std::chrono::seconds{1'763'717'402}}};
};

TEST_F(BodyTest, KeepsTypes) {
  const std::pair<const char*, const char*> cases[] = {
      {"{a: 5, b: '5', c: 1.50, d: true, e: 'true', f: null, g: text}",
       R"({"a":5,"b":"5","c":1.50,"d":true,"e":"true","f":null,"g":"text"})"},
      {"[1, [], {}, [{x: 0042}]]", R"([1,[],{},[{"x":"0042"}]])"},
      {"{a: '{{ partition.country.id }}', b: 'n{{ partition.country.id }}', c: '{{ partition.country.none "
       "}}'}",
       R"({"a":76,"b":"n76","c":null})"},
      {"{a: '{{ partition.country }}'}",
       R"({"a":{"code":"BR","id":76,"names":["a",{"b":1.50}],"none":null}})"},
      {"{a: \"{{ 'true' }}\", b: '{{ 7 }}', c: '{{ now }}'}",
       R"({"a":"true","b":7,"c":"2025-11-21T09:30:02Z"})"},
      {"{a: '${TOKEN}', 'b \"q\"': \"x\\ny\"}", R"({"a":"12","b \"q\"":"x\ny"})"},
      {"5", "5"},
  };
  for (const auto& [yaml, json] : cases) EXPECT_EQ(text(yaml), json) << yaml;
}

TEST_F(BodyTest, SaysWhereARenderingFails) {
  const std::string why = "partition.country.none has no value; default('…') gives it one";
  EXPECT_EQ(text("{a: [{b: 'x{{ partition.country.none }}'}]}"), "error: request_body_json.a[0].b: " + why);
  EXPECT_EQ(text("['x{{ partition.country.none }}']"), "error: request_body_json[0]: " + why);
}

TEST_F(BodyTest, SetsAtPaths) {
  const struct {
    const char *yaml, *path, *json, *result;
  } cases[] = {
      {"{}", "a", "1", R"({"a":1})"},
      {"{a: 1, b: 2}", "a", "\"x\"", R"({"a":"x","b":2})"},
      {"{}", "variables.after", "\"c\"", R"({"variables":{"after":"c"}})"},
      {"{variables: null}", "variables.after", "null", R"({"variables":{"after":null}})"},
      {"{filters: [{pageNumber: 1, pageSize: 5}]}", "filters[0].pageNumber", "2",
       R"({"filters":[{"pageNumber":2,"pageSize":5}]})"},
      {"{}", "filters[0].page", "2", R"({"filters":[{"page":2}]})"},
      {"{a: [1]}", "a[1]", "[1.0,{}]", R"({"a":[1,[1.0,{}]]})"},
      {"[[1, 2]]", "[0][1]", "true", R"([[1,true]])"},
  };
  for (const auto& it : cases) {
    auto body = Body::render(*with_body(it.yaml).requester.request_body_json, values_);
    ASSERT_TRUE(body);
    const auto done = body->set_json(it.path, it.json);
    EXPECT_TRUE(done) << it.path << (done ? "" : done.error().message);
    EXPECT_EQ(body->text(), it.result) << it.path;
  }
  Body empty;
  EXPECT_TRUE(empty.set("page", Value::number("1")));
  EXPECT_EQ(empty.text(), R"({"page":1})");
}

TEST_F(BodyTest, RefusesPathsThatDoNotFitAndStaysAsItWas) {
  auto body = Body::render(*with_body("{a: 1, b: [1]}").requester.request_body_json, values_);
  ASSERT_TRUE(body);
  for (const char* path : {"", ".", "a.b", "a[0]", "b.x", "b[2]", "b[x]", "b[0", "b[-1]",
                           "b[99999999999999999999]", "c.", "c..d", "c[0].a["}) {
    const auto done = body->set(path, Value::number("1"));
    ASSERT_FALSE(done) << path;
    EXPECT_EQ(done.error().code, base::Code::invalid_config);
    EXPECT_NE(done.error().message.find("does not fit the JSON body: "), std::string::npos);
  }
  EXPECT_FALSE(body->set_json("a", "{"));
  EXPECT_FALSE(body->set("a", Value::spoiled("invalid UTF-8")));
  EXPECT_EQ(body->text(), R"({"a":1,"b":[1]})");
}

TEST_F(BodyTest, RendersTexts) {
  const auto render = [&](const char* text) {
    const auto parsed = expr::Template::parse(text, {.partitions = {{"country", {}}}});
    const auto result = collect::render({*parsed, {}}, values_);
    return result ? *result : "error: " + result.error().message;
  };
  const std::pair<const char*, const char*> cases[] = {
      {"plain 5", "plain 5"},
      {"{{ partition.country.id }}", "76"},
      {"{{ 1.50 }}", "1.50"},
      {"{{ true }}", "true"},
      {"{{ now | date('%Y') }}-{{ partition.country.code }}", "2025-BR"},
      {"{{ partition.country.none }}",
       "error: {{ partition.country.none }} has no value; default('…') gives it one"},
      {"{{ partition.country.names }}",
       "error: {{ partition.country.names }} is a list; json makes it a text"},
      {"{{ partition.country }}",
       "error: {{ partition.country }} is a map; name one of its keys, or json makes it a text"},
  };
  for (const auto& [text, result] : cases) EXPECT_EQ(render(text), result);
  EXPECT_EQ(*collect::render({std::nullopt, base::Secret("{{ now }}")}, values_), "{{ now }}");
}

}  // namespace
