// The envelope around every answer of API-Football: {get, parameters, errors, results, paging, response}.
// `errors` decides, whatever the status says (R1); nothing else is looked at before. Pure.
//
//   errors        means                           what follows
//   [] {} "" null nothing                         the answer counts
//   bug           a fault on the API's side       tried again
//   rateLimit     too many calls this minute      tried again; rate_limited when the attempts are used up
//   league, …     a parameter it does not accept  invalid_data, final; the message names the parameter
//   requests      the day's quota is spent        rate_limited, final: it begins anew at 00:00 UTC
//   plan          not part of what is paid for    permission, final
//   token, access the key or the account          permission, final
//
// Of several the worst counts: the one further down. Source: www.api-football.com/documentation-v3.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "decode/value.hpp"
#include "http/message.hpp"

namespace football {

enum class Trouble { none, bug, busy, refused, day_spent, plan, key };  // the worse, the later

struct Complaint {
  Trouble trouble = Trouble::none;
  std::string text{};  // the API's own words, shortened: "token: Error/Missing application key"
};
Complaint complaint_of(const decode::Value& errors);

// For Request::judge_answer. nullopt: the usual judgement, which knows web pages, broken bodies and statuses.
// An answer that promises another number of results than it holds is tried again.
std::optional<http::Ruling> rule_on(const http::Response& response, Complaint* complaint = nullptr);

struct Envelope {
  decode::Document document{};
  decode::Value response{};  // an array, or an object (/status); lives as long as `document`
  int pages = 1;             // of the answer; at most max_pages are told
};
inline constexpr int max_pages = 50;
// Only a sound one without errors: else invalid_data, or what the error stands for.
base::Result<Envelope> open_envelope(std::string body);

// A body with these records, for the cache: without the pictures and what else nobody reads.
std::string pack(std::span<const decode::Value> records);

}  // namespace football
