#include "simulator/holds.hpp"

#include <vector>

namespace simulator {
namespace {

Answer text_answer(std::string body) {
  return {.body = std::make_shared<const std::string>(std::move(body) + "\n")};
}

}  // namespace

std::string Holds::group(std::string_view api) { return "hold:" + std::string(api); }

bool Holds::held(std::string_view api) const {
  const std::lock_guard lock(mutex_);
  return apis_.contains(api);
}

Answer Holds::handle(const ControlRequest& request) {
  const auto given = request.query.find("api");
  const std::string api = given == request.query.end() ? std::string() : given->second;
  const bool post = request.method == "POST";
  if ((post || !api.empty()) && !is_known_api(api))
    return json_error(
        400, api.empty() ? "'api' is missing: which API shall wait?" : fmt::format("unknown api '{}'", api));
  const std::lock_guard lock(mutex_);
  if (post) {
    apis_.insert(api);
  } else if (request.method == "DELETE") {
    std::vector<std::string> ended;
    for (const std::string& one : apis_)
      if (api.empty() || one == api) ended.push_back(one);
    for (const std::string& one : ended) {
      apis_.erase(one);
      suspended_.resume(group(one));
    }
  } else if (request.method == "GET" || request.method == "HEAD") {
    std::vector<std::string> list;
    for (const std::string& one : apis_)
      list.push_back(fmt::format("{{\"api\": \"{}\", \"held\": {}}}", one, suspended_.count(group(one))));
    return text_answer(fmt::format("[{}]", fmt::join(list, ", ")));
  } else {
    Answer answer = json_error(405, "allowed: GET, POST, DELETE");
    answer.headers.emplace_back("Allow", "GET, POST, DELETE");
    return answer;
  }
  return text_answer("{\"status\": \"ok\"}");
}

}  // namespace simulator
