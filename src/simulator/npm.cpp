#include <algorithm>
#include <array>

#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"

namespace simulator {
namespace {

constexpr std::string_view root = "/downloads/point/last-month/";
// Names that everybody knows, numbers that are invented.
constexpr std::array known{"react",    "vue",     "@angular/core", "svelte",       "next",       "nuxt",
                           "express",  "fastify", "koa",           "@nestjs/core", "lodash",     "axios",
                           "webpack",  "vite",    "esbuild",       "rollup",       "typescript", "eslint",
                           "prettier", "jest",    "vitest",        "@types/node",  "openai",     "langchain",
                           "prisma",   "graphql", "zod",           "tailwindcss",  "socket.io",  "three",
                           "d3"};

Record make(ApiState& state) {
  base::Rng& rng = state.rng;
  const std::size_t n = state.keys.size();
  const std::string package = n < known.size() ? unused(state, [&] { return std::string(known[n]); })
                                               : unused(state, [&] { return package_name(rng); });
  return {{"downloads", rng.between(0, one_in(rng, 3) ? 900 : 200'000'000)},
          {"start", iso_day(state.released - std::chrono::hours{24 * 30})},
          {"end", iso_day(state.released - std::chrono::hours{24})},
          {"package", package}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) state.records.push_back(make(state));
}

void change(ApiState& state, Record& record) {
  set(record, "downloads", static_cast<std::int64_t>(1'000'000'000 + state.ticks));
}

Answer answer(const ApiState& state, const ApiRequest& request) {
  const std::string package = request.path.substr(root.size());
  const auto found = std::find_if(state.records.begin(), state.records.end(),
                                  [&](const Record& r) { return text_of(r, "package") == package; });
  if (found != state.records.end()) return answer_text(json_fields(*found), "application/json");
  return answer_text(json_object({{"error", json_string(fmt::format("package {} not found", package))}}),
                     "application/json", 404);
}

}  // namespace

Api npm_api() {
  return {.name = "npm",
          .host = "api.npmjs.org",
          .path = "/downloads/point/last-month/*",
          .key = "package",
          .records = known.size(),
          .generate = generate,
          .make = make,
          .change = change,
          .answer = answer};
}

}  // namespace simulator
