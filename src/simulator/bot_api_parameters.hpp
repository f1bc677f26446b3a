// What a call of the Bot API was given: the query string and a body in JSON, urlencoded or multipart form,
// all as flat texts; a number or an array of a JSON body is its JSON text. Numbers are read as the real
// server does: what is none is 0, what is out of range becomes the nearest allowed one. Errors: invalid_data.
//
//   const BotParameters given = TRY(BotParameters::read(request));
//   given.integer("timeout", 0, 0, 50); given.flag("show_alert"); given.text("chat_id")
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "simulator/world.hpp"

namespace simulator {

class BotParameters {
 public:
  static base::Result<BotParameters> read(const ApiRequest& request);

  bool has(std::string_view name) const { return values_.contains(name); }
  std::string_view text(std::string_view name) const;  // "" if missing
  std::int64_t integer(std::string_view name, std::int64_t fallback, std::int64_t low,
                       std::int64_t high) const;
  bool flag(std::string_view name) const;

  static constexpr std::size_t maximum = 100;  // fields of one call

 private:
  base::Result<void> add_form(std::string_view body);
  base::Result<void> add_multipart(std::string_view body, std::string_view boundary);
  base::Result<void> add_json(const std::string& body);

  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace simulator
