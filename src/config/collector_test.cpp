#include "config/collector.hpp"

#include <gtest/gtest.h>

#include "config/tables.hpp"

namespace config {
namespace {

constexpr const char* sound = R"(name: sample
requester: {url_base: "https://api.example.org", path: /v1/items}
record_selector: {field_path: data.items}
fields:
  id: {path: id, type: integer, required: true}
  title: title
  source: {value: sample}
destination: {table: items, primary_key: [source, id]}
)";

std::optional<Collector> read(const std::string& text, Faults& faults,
                              std::map<std::string, std::string> variables = {},
                              const std::vector<std::string>& set = {}) {
  std::vector<Override> overrides;
  for (const std::string& one : set)
    if (auto override = parse_override(one, faults)) overrides.push_back(*override);
  auto source = parse_collector(text, "f.yaml", faults);
  if (!source) return std::nullopt;
  return read_collector(
      *source, overrides,
      [&](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(std::string(name));
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      },
      faults);
}

std::string faults_of(const std::string& text, const std::vector<std::string>& set = {}) {
  Faults faults;
  const auto collector = read(text, faults, {}, set);
  EXPECT_EQ(collector.has_value(), faults.empty());
  return faults.text();
}

TEST(Collector, ReadsTheWholeFileWithItsDefaults) {
  Faults faults;
  const auto collector = read(sound, faults);
  ASSERT_TRUE(collector) << faults.text();
  EXPECT_EQ(collector->timeout, std::chrono::minutes{10});
  EXPECT_EQ(collector->requester.error_handler.backoff.max_attempts, 6);
  EXPECT_EQ(collector->requester.max_response_size, 64u << 20);
  EXPECT_EQ(collector->max_bad_rows.percent, 1);
  ASSERT_EQ(collector->fields.size(), 3u);
  EXPECT_EQ(collector->fields[0].column, "id");
  EXPECT_TRUE(collector->fields[0].is_key);
  EXPECT_FALSE(collector->fields[1].is_key);
  EXPECT_EQ(collector->fields[2].value->source(), "sample");
  EXPECT_EQ(collector->record_selector.field_path->text(), "data.items");
}

TEST(Collector, OverridesChangeValueAndDefinition) {
  Faults faults;
  const auto plain = read(sound, faults);
  const auto changed =
      read(sound, faults, {},
           {"timeout=1h", "fields.title={path: name, max_length: 5}", "requester.conditional=false"});
  ASSERT_TRUE(plain && changed) << faults.text();
  EXPECT_EQ(changed->timeout, std::chrono::hours{1});
  EXPECT_EQ(changed->fields[1].max_length, 5);
  EXPECT_EQ(changed->requester.conditional, Requester::Conditional::off);
  EXPECT_NE(plain->definition, changed->definition);
}

TEST(Collector, FaultsOfOverridesNameTheOverride) {
  EXPECT_EQ(faults_of(sound, {"requester.timeout=never"})
                .rfind("f.yaml: --set requester.timeout: \"never\" is not", 0),
            0u);
}

TEST(Collector, SecretsComeFromTheEnvironment) {
  const std::string text = std::string(sound) + "labels: {region: \"${REGION}\"}\n";
  const std::vector<std::string> set{"requester.authenticator={type: bearer, token: \"${TOKEN}\"}",
                                     "requester.request_headers={X-Key: \"${KEY}\", Accept: text/html}",
                                     "requester.request_parameters={apikey: \"${KEY}\", page: [1, 2]}"};
  Faults faults;
  const auto collector = read(text, faults, {{"TOKEN", "t0k3n"}, {"KEY", "k3y"}, {"REGION", "eu"}}, set);
  ASSERT_TRUE(collector) << faults.text();
  EXPECT_EQ(collector->requester.authenticator->token.reveal(), "t0k3n");
  EXPECT_EQ(collector->requester.request_headers[0].second.secret.reveal(), "k3y");
  EXPECT_EQ(collector->requester.request_headers[1].second.source(), "text/html");
  EXPECT_TRUE(collector->requester.request_parameters[0].second[0].is_secret());
  EXPECT_EQ(collector->requester.request_parameters[1].second.size(), 2u);

  Faults missing;
  EXPECT_FALSE(read(text, missing, {{"REGION", "eu"}}, set));
  EXPECT_NE(missing.text().find("the environment variable TOKEN is not set"), std::string::npos)
      << missing.text();
}

TEST(Collector, WhatARequestTakesFromTheEnvironmentIsASecretButForItsAddress) {
  Faults faults;
  const auto collector =
      read(sound, faults, {{"KEY", "k3y-in-path"}, {"HOST", "api.example.org"}, {"TITLE", "a title"}},
           {"requester.path=/v1/${KEY}/items", "requester.url_base=https://${HOST}",
            "fields.source.value=${TITLE}"});
  ASSERT_TRUE(collector) << faults.text();
  EXPECT_EQ(collector->requester.path.source(), "/v1/k3y-in-path/items");
  EXPECT_EQ(collector->requester.url_base.source(), "https://api.example.org");
  ASSERT_EQ(collector->secrets.size(), 1u);
  EXPECT_EQ(collector->secrets[0].reveal(), "k3y-in-path");
}

// But what stands where addresses carry credentials is one all the same.
TEST(Collector, CredentialsInAnAddressAreSecrets) {
  const std::map<std::string, std::string> variables{
      {"HOST", "api.example.org"}, {"USER", "me"}, {"KEY", "k3y"}, {"PASSWORD", "p4ss"}, {"AREA", "v1"}};
  const auto secrets_in = [&](const std::string& url) {
    Faults faults;
    const auto collector = read(sound, faults, variables, {"requester.url_base=\"" + url + "\""});
    std::vector<std::string> secrets;
    if (collector)
      for (const base::Secret& secret : collector->secrets) secrets.push_back(secret.reveal());
    EXPECT_EQ(faults.text(), "") << url;
    return secrets;
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(secrets_in("https://${HOST}/${AREA}?a=b&key=${KEY}"), List{"k3y"});
  EXPECT_EQ(secrets_in("https://${HOST}?key=${KEY}"), List{"k3y"});
  EXPECT_EQ(secrets_in("https://${USER}:${PASSWORD}@${HOST}/${AREA}"), (List{"me", "p4ss"}));
  EXPECT_EQ(secrets_in("https://me:${PASSWORD}@${HOST}/?key=${KEY}"), (List{"p4ss", "k3y"}));
  EXPECT_EQ(secrets_in("https://${HOST}/@${AREA}/${AREA}"), List{});
  Faults faults;
  EXPECT_FALSE(read(sound, faults, variables, {"requester.url_base=https://h/?key=${NOT_SET}"}));
  EXPECT_EQ(faults.size(), 1u) << faults.text();
}

TEST(Collector, NamesKeptForTheProgramAreKeptInAnyCase) {
  for (const char* table :
       {"pulse_runs", "Pulse_Slices", "PULSE_X", "phoenix_jobs", "Phoenix_X", "sqlite_a", "Sqlite_x"})
    EXPECT_NE(faults_of(sound, {std::string("destination.table=") + table}).find("are kept for the program"),
              std::string::npos)
        << table;
  for (const char* table : {"pulse", "phoenix", "phoenixes"})
    EXPECT_EQ(faults_of(sound, {std::string("destination.table=") + table}), "") << table;
}

TEST(Collector, AMethodThatBringsNoRowsIsRefused) {
  EXPECT_NE(faults_of(sound, {"requester.http_method=HEAD"}).find("allowed: GET, POST, PUT"),
            std::string::npos);
}

TEST(Collector, OptionalCredentialsMayBeMissingButNotWrong) {
  const std::vector<std::string> set{
      "requester.authenticator={type: bearer, token: \"${TOKEN}\", optional: true}"};
  Faults faults;
  const auto without = read(sound, faults, {}, set);
  ASSERT_TRUE(without) << faults.text();
  EXPECT_FALSE(without->requester.authenticator);
  const auto with = read(sound, faults, {{"TOKEN", "abc"}}, set);
  EXPECT_EQ(with->requester.authenticator->token.reveal(), "abc");
  EXPECT_FALSE(read(sound, faults, {{"TOKEN", ""}}, set));
}

TEST(Collector, ReferenceNamesEveryKey) {
  const std::string reference = collector_reference();
  for (const char* key : {"`name`", "`requester.url_base`", "`requester.error_handler.backoff.jitter`",
                          "`fields.<column>.type`", "`destination.primary_key`",
                          "`requester.authenticator.token`", "`max_bad_rows`"})
    EXPECT_NE(reference.find(key), std::string::npos) << key;
}

std::vector<std::string> keys_without_schema(const std::vector<KeyInfo>& keys) {
  std::vector<std::string> found;
  for (const KeyInfo& key : keys) {
    if (key.type.schema.empty()) found.push_back(key.name);
    if (!key.type.keys) continue;
    for (const std::string& below : keys_without_schema(*key.type.keys))
      found.push_back(key.name + '.' + below);
  }
  return found;
}

TEST(Collector, EveryTypeDescribesItselfInTheSchema) {
  EXPECT_EQ(keys_without_schema(collector_table().keys()), std::vector<std::string>{});
  const std::string schema = collector_schema();
  for (const char* part :
       {R"("$schema": "https://json-schema.org/draft/2020-12/schema")", R"("lookback_window")",
        R"("$ref": "#/properties/partition_router")", R"("maximum": 20)"})
    EXPECT_NE(schema.find(part), std::string::npos) << part;
}

TEST(Collector, NotesWhichVariablesItAsksFor) {
  const std::vector<std::string> set{
      "requester.authenticator={type: bearer, token: \"${TOKEN}\", optional: true}",
      "requester.path=/${AREA}"};
  Faults faults;
  const auto collector = read(sound, faults, {{"AREA", "eu"}}, set);
  ASSERT_TRUE(collector) << faults.text();
  EXPECT_EQ(collector->variables, (std::vector<std::string>{"AREA", "TOKEN"}));
}

TEST(Collector, NeverFallsOverABrokenFile) {
  const std::string text = sound;
  for (std::size_t i = 0; i < text.size(); ++i) {
    faults_of(text.substr(0, i));
    for (const char c : {'{', ']', ':', '$', '\n', '-', '\xff'}) {
      std::string changed = text;
      changed[i] = c;
      faults_of(changed);
    }
  }
}

}  // namespace
}  // namespace config
