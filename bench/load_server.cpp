// Serves the rows of bench/load.py over HTTP: GET /rows?offset=10000&limit=10000, from pages that are made
// before the first request, so that what is measured is whoever asks.
//
//   load_server ROWS PAGE [changed]        prints "listening on PORT"; ends with its standard input
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>

#include <cstdlib>
#include <string_view>
#include <vector>

#include "load_rows.hpp"

namespace {

struct Source {
  std::int64_t page_size;
  std::vector<std::string> pages;
};

void append_json(std::string& json, const load_bench::Row& row) {
  std::string quoted;
  for (const char c : row.description) quoted.append(c == '"' ? 1 : 0, '\\').append(1, c);
  fmt::format_to(std::back_inserter(json),
                 R"({{"id":{},"code":"{}","name":"{}","category":"{}","description":"{}","price":{},)"
                 R"("quantity":{},"rating":{},"active":{},"updated_at":"{}Z"}})",
                 row.id, row.code, row.name, row.category, quoted, row.price(), row.quantity, row.rating,
                 row.active, row.updated_at());
}

Source make_source(std::int64_t rows, std::int64_t page_size, bool changed) {
  Source source{page_size, {}};
  for (std::int64_t first = 0; first < rows; first += page_size) {
    std::string& json = source.pages.emplace_back(fmt::format(R"({{"total":{},"items":[)", rows));
    for (std::int64_t i = first; i < std::min(rows, first + page_size); ++i) {
      if (i > first) json += ',';
      append_json(json, load_bench::make_row(i, load_bench::is_changed(i, changed)));
    }
    json += "]}";
  }
  source.pages.push_back(fmt::format(R"({{"total":{},"items":[]}})", rows));
  return source;
}

MHD_Result answer(void* cls, MHD_Connection* connection, const char*, const char*, const char*, const char*,
                  std::size_t*, void**) {
  const auto& source = *static_cast<const Source*>(cls);
  const char* const offset = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "offset");
  const auto page = static_cast<std::size_t>((offset == nullptr ? 0 : std::atoll(offset)) / source.page_size);
  const std::string& body = source.pages[std::min(page, source.pages.size() - 1)];
  MHD_Response* const response =
      MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
  const MHD_Result queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
  MHD_destroy_response(response);
  return queued;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const bool changed = argc > 3 && std::string_view(argv[3]) == "changed";
  Source source = make_source(std::atoll(argv[1]), std::atoll(argv[2]), changed);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  MHD_Daemon* const daemon =
      MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, nullptr, nullptr, answer,
                       &source, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
  if (daemon == nullptr) return 1;
  fmt::print("listening on {}\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  MHD_stop_daemon(daemon);
}
