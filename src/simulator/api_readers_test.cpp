// More of api_testing.hpp: readers of answers.
#include <utility>

#include "simulator/api_testing.hpp"

namespace simulator {

Answer Client::query(std::multimap<std::string, std::string> parameters, const std::string& below,
                     std::map<std::string, std::string> headers) {
  const std::string path = std::string(api.path.substr(0, api.path.find('*'))) + below;
  EXPECT_EQ(route(api.host, path), &api) << path;
  return ask({.path = path, .query = std::move(parameters), .headers = std::move(headers)});
}

Json body_of(const Answer& answer) { return parse_exact(*answer.body); }

Json truth_of(const Client& client) { return Json::parse(truth(*client.world.records(client.api.name))); }

std::string header_of(const Answer& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers)
    if (key == name) return value;
  return "";
}

std::vector<std::map<std::string, std::string>> read_csv(std::string_view text) {
  std::vector<std::vector<std::string>> lines(1);
  std::string cell;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      cell += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ',' || c == '\n')) {
      lines.back().push_back(std::exchange(cell, ""));
      if (c == '\n') lines.emplace_back();
    } else if (quoted || c != '\r') {
      cell += c;
    }
  }
  EXPECT_TRUE(lines.back().empty()) << "the last line has its end";
  std::vector<std::map<std::string, std::string>> rows;
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
    EXPECT_EQ(lines[i].size(), lines[0].size()) << "line " << i;
    auto& row = rows.emplace_back();
    for (std::size_t k = 0; k < std::min(lines[i].size(), lines[0].size()); ++k)
      row[lines[0][k]] = lines[i][k];
  }
  return rows;
}

std::string micros(const std::string& time) {
  std::string out = time.substr(0, time.find('Z'));
  if (out.size() == 19) out += '.';
  out.append(26 - std::min<std::size_t>(26, out.size()), '0');
  return out + 'Z';
}

Json null_if_empty(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

}  // namespace simulator
