#include "config/command.hpp"

#include "config/reading_test.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

const auto command = nested(command_table());

TEST(Command, AllKeys) {
  const Command it = good(command,
                          "argv: [npx, tsx, scripts/jobs.ts, '']\n"
                          "directory: /srv/sofia\n"
                          "environment: {NODE_ENV: production, DEPTH: 3, KEY: '${SET}'}\n"
                          "secrets: [GITHUB_TOKEN]\n"
                          "stall_after: 5m\n"
                          "memory: 1GiB\n"
                          "exit_codes: {75: retry, 3: empty, 0: success}\n"
                          "user: sofia\n");
  EXPECT_EQ(it.argv, (std::vector<std::string>{"npx", "tsx", "scripts/jobs.ts", ""}));
  EXPECT_EQ(it.directory, "/srv/sofia");
  ASSERT_EQ(it.environment.size(), 3u);
  EXPECT_EQ(it.environment[1].first, "DEPTH");
  EXPECT_EQ(it.environment[1].second.text, "3");
  EXPECT_EQ(it.environment[2].second.text, "");
  EXPECT_EQ(it.environment[2].second.secret.reveal(), "hunter2");
  EXPECT_EQ(it.environment[2].second.value(), "hunter2");
  EXPECT_EQ(it.secrets, std::vector<std::string>{"GITHUB_TOKEN"});
  EXPECT_EQ(it.stall_after, 5min);
  EXPECT_EQ(it.memory, std::uint64_t{1} << 30);
  EXPECT_EQ(it.exit_codes.front(), std::pair(0, ExitMeaning::success));
  EXPECT_EQ(it.user, "sofia");
}

TEST(Command, ExitCodes) {
  const Command plain = good(command, "shell: make all");
  EXPECT_EQ(plain.shell, "make all");
  EXPECT_EQ(plain.meaning_of(0), ExitMeaning::success);
  EXPECT_EQ(plain.meaning_of(75), ExitMeaning::retry);
  EXPECT_EQ(plain.meaning_of(1), ExitMeaning::fail);
  EXPECT_EQ(plain.meaning_of(137), ExitMeaning::fail);
  const Command mapped = good(command, "{shell: x, exit_codes: {0: empty, 75: fail, 1: retry}}");
  EXPECT_EQ(mapped.meaning_of(0), ExitMeaning::empty);
  EXPECT_EQ(mapped.meaning_of(75), ExitMeaning::fail);
  EXPECT_EQ(mapped.meaning_of(1), ExitMeaning::retry);
  EXPECT_EQ(
      faults_of(command, "{shell: x, exit_codes: {256: retry, x: fail, 1: later}}"),
      "f.yaml:1:25: exit_codes.256: \"256\" is not such a number; write a whole number from 0 to 255\n"
      "f.yaml:1:37: exit_codes.x: \"x\" is not such a number; write a whole number from 0 to 255\n"
      "f.yaml:1:49: exit_codes.1: \"later\" is none of the values; allowed: success, retry, fail, empty\n");
  EXPECT_EQ(faults_of(command, "{shell: x, exit_codes: {75: retry, 075: fail}}"),
            "f.yaml:1:36: exit_codes.075: 75 stands twice; remove one\n");
}

TEST(Command, ExactlyOneOfArgvAndShell) {
  EXPECT_EQ(faults_of(command, "{directory: /srv}"),
            "f.yaml:1:1: has neither argv nor shell; give exactly one of them: argv: [program, argument], or "
            "shell: a line for /bin/sh\n");
  EXPECT_EQ(faults_of(command, "{argv: [a], shell: b}").substr(0, 38),
            "f.yaml:1:1: has both argv and shell; g");
  EXPECT_EQ(faults_of(command, "argv: []"),
            "f.yaml:1:7: argv: names no program; write [program, argument, …]\n");
  EXPECT_NE(faults_of(command, "argv: ['', x]"), "");
  EXPECT_NE(faults_of(command, "shell: ' '"), "");
  EXPECT_NE(faults_of(command, "argv: [a, \"b\\0\"]").find("null character"), std::string::npos);
  std::string many = "argv: [a";
  for (int i = 0; i < 1000; ++i) many += ", a";
  EXPECT_NE(faults_of(command, many + "]").find("more than 1000"), std::string::npos);
  EXPECT_NE(faults_of(command, "argv: [" + std::string(200'000, 'a') + "]").find("is longer than"),
            std::string::npos);
}

TEST(Command, Names) {
  EXPECT_EQ(
      faults_of(command, "{shell: x, environment: {1A: x, B C: y}, secrets: [$TOKEN]}"),
      "f.yaml:1:26: environment.1A: \"1A\" is no variable name; write a NAME of letters, digits and _, "
      "without a $\n"
      "f.yaml:1:33: environment.B C: \"B C\" is no variable name; write a NAME of letters, digits and _, "
      "without a $\n"
      "f.yaml:1:52: secrets[0]: \"$TOKEN\" is no variable name; write a NAME of letters, digits and _, "
      "without a $\n");
  EXPECT_EQ(faults_of(command, "{shell: x, environment: {A: x}, secrets: [B, A]}"),
            "f.yaml:1:46: secrets: \"A\" stands twice, here or under environment; remove one\n");
  EXPECT_NE(faults_of(command, "{shell: x, user: 'a b'}"), "");
  EXPECT_NE(faults_of(command, "{shell: x, memory: 1kB}"), "");
  EXPECT_NE(faults_of(command, "{shell: x, stall_after: 0s}"), "");
}

}  // namespace
}  // namespace config
