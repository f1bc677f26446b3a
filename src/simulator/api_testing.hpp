// For the tests of the simulated APIs: a client without a network, plain readers of JSON, XML and gzip that
// share nothing with the writers, and the promises that every API keeps (expect_promises).
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "simulator/world.hpp"

namespace simulator {

using Json = nlohmann::json;

// Asks one API, and keeps all that was answered.
struct Client {
  World& world;
  const Api& api;
  std::string transcript{};

  // path: as api.path unless given; may have a query, not percent-encoded.
  Answer get(std::string target = {}, std::map<std::string, std::string> headers = {});
  // `below`: behind the "*" of api.path.
  Answer query(std::multimap<std::string, std::string> parameters, const std::string& below = {},
               std::map<std::string, std::string> headers = {});
  Answer post(const Json& body, std::map<std::string, std::string> headers = {});
  Answer ask(const ApiRequest& request);
};

// All rows of an API as the truth has them, read from its answers page by page.
using Reader = std::function<std::vector<Json>(Client&)>;

// Same seed, same bytes; asking changes nothing; each record exactly once; rows equal to the truth; a tick
// adds and changes exactly what it says.
void expect_promises(const char* api, const Reader& read);

Json parse_exact(const std::string& text);  // numbers with a fraction become strings with their digits
std::string gunzip(const std::string& bytes);

// The text between `open` and `close`; nullopt: not there.
std::optional<std::string> between(const std::string& text, const std::string& open,
                                   const std::string& close);
std::vector<std::string> all_between(const std::string& text, const std::string& open,
                                     const std::string& close);
std::string xml_text(std::string escaped);                              // entities and CDATA resolved
std::string iso_of_rfc822(const std::string& date);                     // checks the day of the week, too
Json only(const Json& object, const std::vector<const char*>& fields);  // missing ones as null

Json body_of(const Answer& answer);                                               // parse_exact()
Json truth_of(const Client& client);                                              // an array of rows
std::string header_of(const Answer& answer, std::string_view name);               // "": not there
std::vector<std::map<std::string, std::string>> read_csv(std::string_view text);  // header → cell
std::string micros(const std::string& time);  // "2025-08-25T17:04:19.98Z" as the truth writes it
Json null_if_empty(const std::string& text);

}  // namespace simulator
