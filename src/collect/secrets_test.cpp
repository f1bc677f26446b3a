// Whatever a server throws back at us: no secret reaches an error, the log, the ledger, a metric or the
// screen.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "collect/fixture_test.hpp"

namespace {

using collect::Outcome;
using collect::testing::answer;
using collect::testing::World;

const std::string token = "tok-8c1f/2b+77=", key = "key 41 & more", header = "hdr-55aa66bb",
                  password = "p@ss/w0rd!";

config::Collector with_credentials(const std::string& authenticator,
                                   const std::string& more = "max_bad_rows: 100%") {
  return collect::testing::collector_from(
      "name: items\nrequester:\n  url_base: 'https://user:${PASSWORD}@api.example'\n  path: /items\n"
      "  request_headers: {X-Session: 'Token ${HEADER}'}\n  request_parameters: {extra: '${KEY}'}\n"
      "  authenticator: " +
          authenticator +
          "\nfields: {id: {path: id, type: integer}, name: {path: name, max_length: 20}}\n"
          "destination: {table: items, primary_key: [id]}\n" +
          more,
      {{"TOKEN", token}, {"KEY", key}, {"HEADER", header}, {"PASSWORD", base::percent_encode(password)}});
}

// Everything that leaves a run.
std::string output_of(World& world, const config::Collector& collector) {
  std::string output;
  const collect::RunReport report = world.run(
      collector,
      {.dry_run = false, .progress = [&](const collect::Progress& it) { output += it.note + "\n"; }});
  output += report.run.error + "\n" + world.logged + world.metrics.exposition();
  for (const collect::BadRecord& bad : report.quarantined) output += bad.reason + "\n" + bad.raw + "\n";
  for (const char* table : {"pulse_runs", "pulse_slices", "pulse_quarantine"})
    for (const std::string& line : world.lines(std::string("SELECT * FROM ") + table)) output += line + "\n";
  return output;
}

void expect_no_secret(const std::string& output) {
  for (const std::string& secret : {token, key, header, password, "user:" + password}) {
    for (const std::string& form : {secret, base::percent_encode(secret), base::base64(secret)})
      EXPECT_EQ(output.find(form), std::string::npos)
          << form << " stands in: " << output.substr(0, output.find("# HELP"));
  }
}

const std::string bearer = "{type: bearer, token: '${TOKEN}'}";
const std::string in_parameter = "{type: api_key, parameter: k, value: '${TOKEN}'}";
const std::string in_header = "{type: api_key, header: X-Api-Key, value: '${TOKEN}'}";

// What servers write into their refusals, each short enough to be shown in full.
std::vector<std::string> echoes() {
  return {"no such token: " + token,
          "bad Authorization: Bearer " + token,
          "key=" + base::percent_encode(token) + "&extra=" + base::percent_encode(key),
          "invalid key: " + key,
          "X-Session was " + header,
          "X-Session was Token " + header,
          "Authorization: Basic " + base::base64("user:" + password),
          "https://user:" + base::percent_encode(password) + "@api.example/ is closed",
          "user with password " + password + " is locked"};
}

TEST(Secrets, InRefusalsThatEchoThem) {
  for (const std::string& authenticator : {bearer, in_parameter, in_header})
    for (const int status : {401, 403, 404, 400, 422, 503})
      for (const std::string& echo : echoes()) {
        World world({answer(status, echo)});
        const std::string output = output_of(world, with_credentials(authenticator));
        expect_no_secret(output);
        if (status == 401) {
          EXPECT_NE(output.find("***"), std::string::npos) << "the echo is shown, redacted:\n" << output;
        }
      }
}

TEST(Secrets, InAnswersThatCannotBeRead) {
  for (const std::string& echo : echoes())
    for (const std::string& body : {echo, "{\"error\": \"" + echo, "<html>" + echo + "</html>"}) {
      World world({answer(200, body)});
      expect_no_secret(output_of(world, with_credentials(bearer)));
    }
}

TEST(Secrets, InRecordsThatAreSetAside) {
  for (const std::string& echo : echoes()) {
    const std::string body =
        "[{\"id\": \"" + echo + "\"}, {\"id\": 1, \"name\": \"" + echo + "\"}, \"" + echo + "\"]";
    for (const std::string limit : {"max_bad_rows: 100%", "max_bad_rows: 0"}) {
      World world({answer(200, body)});
      const std::string output = output_of(world, with_credentials(bearer, limit));
      EXPECT_NE(output.find("not an object"), std::string::npos) << output;
      expect_no_secret(output);
    }
  }
}

// A reason shows the first 60 bytes of a value: the cut may go through a secret, and then only the redactor's
// caller can know.
TEST(Secrets, CutInHalfInAReason) {
  for (std::size_t before = 30; before < 60; ++before) {
    World world({answer(200, "[{\"id\": \"" + std::string(before, 'x') + token + "\"}]")});
    const std::string output = output_of(world, with_credentials(bearer));
    EXPECT_EQ(output.find(token.substr(0, 5)), std::string::npos)
        << before << output.substr(0, output.find("# HELP"));
  }
}

// Some services take the key as the user's name, without a password.
TEST(Secrets, AUserNameWithoutPassword) {
  const auto collector = collect::testing::collector_from(
      "name: items\nrequester: {url_base: 'https://sk_live_4711@api.example', path: /items}\nfields: {id: "
      "id}\n"
      "destination: {table: items, primary_key: [id]}\n");
  World world({answer(401, "Invalid API key: sk_live_4711")});
  const std::string output = output_of(world, collector);
  EXPECT_EQ(output.find("sk_live_4711"), std::string::npos) << output;
}

}  // namespace
