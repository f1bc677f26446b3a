#include <curl/curl.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.hpp"
#include "base/text.hpp"
#include "http/curl_cause.hpp"
#include "http/redirect.hpp"
#include "http/response_head.hpp"
#include "http/transport.hpp"

namespace http {
namespace {

using base::Code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds max_connect_time{10'000};

// One hop on its way. The caller's thread fills it and reads it after `done`; in between it belongs to
// libcurl's thread.
struct Transfer {
  const Request& request;
  const Hop& hop;
  const Progress& progress;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;

  Response response{};
  ResponseHead head{};
  std::optional<std::uint64_t> announced{};
  std::optional<base::Error> refusal{};
  char detail[CURL_ERROR_SIZE] = {};

  // Guarded by the transport's mutex.
  bool done = false;
  bool aborted = false;
  CURLcode code = CURLE_OK;
  std::condition_variable_any finished{};

  std::string host() const { return host_label(hop.url); }
};

// ── On libcurl's thread
// ─────────────────────────────────────────────────────────────────────────────────────────────

void refuse_size(Transfer& t, std::uint64_t size) {
  t.refusal =
      base::error(Code::invalid_data, "{}: the body has more than {} (requester.max_response_size){}",
                  t.host(), base::format_size(t.request.max_response_size),
                  t.announced == size ? ": " + base::format_size(size) + " announced" : std::string());
}

void headers_end(Transfer& t) {
  const std::string* length = t.response.header("content-length");
  if (!length || t.hop.method == "HEAD") return;
  char* end = nullptr;
  const std::uint64_t size = std::strtoull(length->c_str(), &end, 10);
  if (*end != '\0' || length->empty()) return;
  // Of an encoded body the length says nothing about the decoded size, but what is too much
  // before decoding is too much.
  if (!t.response.header("content-encoding")) t.announced = size;
  if (size > t.request.max_response_size)
    refuse_size(t, size);
  else if (t.announced)
    t.response.body.reserve(size);
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) noexcept {
  auto& t = *static_cast<Transfer*>(user);
  switch (t.head.add({data, size}, t.response)) {
    case ResponseHead::State::reading:
    case ResponseHead::State::trailers: break;
    case ResponseHead::State::complete: headers_end(t); break;
    case ResponseHead::State::too_large:
      t.refusal = base::error(Code::invalid_data, "{}: the answer has more than {} of headers", t.host(),
                              base::format_size(ResponseHead::max_bytes));
  }
  return t.refusal ? 0 : size;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) noexcept {
  auto& t = *static_cast<Transfer*>(user);
  const std::uint64_t total = t.response.body.size() + size;
  if (total > t.request.max_response_size) {
    refuse_size(t, total);
    return 0;
  }
  t.response.body.append(data, size);
  if (t.progress && t.response.status / 100 != 3) t.progress(total, t.announced);
  return size;
}

// ── Before: what goes out
// ───────────────────────────────────────────────────────────────────────────────────────────

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  CHECK(code == CURLE_OK, curl_easy_strerror(code));
}

void add_header(Transfer& t, const std::string& line) {
  curl_slist* longer = curl_slist_append(t.headers, line.c_str());
  CHECK(longer, "out of memory");
  t.headers = longer;
}

void set_request(Transfer& t) {
  const std::string& method = t.hop.method;
  const std::string& body = t.request.body;
  if (method == "HEAD") {
    set(t.easy, CURLOPT_NOBODY, 1L);
  } else if (t.hop.with_body && (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH")) {
    set(t.easy, CURLOPT_POST, 1L);
    set(t.easy, CURLOPT_POSTFIELDS, body.c_str());
    set(t.easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  if (method != "HEAD") set(t.easy, CURLOPT_CUSTOMREQUEST, method.c_str());

  add_header(t, "Expect:");  // no waiting for "100 Continue" with larger bodies
  bool typed = false;
  for (const Header& header : outgoing_headers(t.request, t.hop)) {
    typed = typed || curl_strequal(header.name.c_str(), "content-type");
    const std::string_view value = trimmed(header.value);
    add_header(t, value.empty() ? header.name + ";" : fmt::format("{}: {}", header.name, value));
  }
  // Without a value it is not sent; without the line libcurl calls every body a form.
  const std::string_view type = t.hop.with_body ? trimmed(t.request.content_type) : "";
  if (!typed) add_header(t, type.empty() ? "Content-Type:" : fmt::format("Content-Type: {}", type));
  set(t.easy, CURLOPT_HTTPHEADER, t.headers);

  if (t.hop.with_credentials) {
    const auto parts = parse_url(t.request.url);
    if (parts && !parts->user.empty()) set(t.easy, CURLOPT_USERNAME, parts->user.c_str());
    if (parts && !parts->password.empty()) set(t.easy, CURLOPT_PASSWORD, parts->password.c_str());
  }
  // libcurl repeats a request by itself when a kept connection turns out to be dead; a server may have
  // carried it out all the same. Nothing else in libcurl repeats, and a new connection never does.
  if (!may_repeat(t.request)) set(t.easy, CURLOPT_FRESH_CONNECT, 1L);
}

std::string rewritten(const std::map<std::string, std::string>& rules, std::string url) {
  const std::pair<const std::string, std::string>* best = nullptr;
  for (const auto& rule : rules)
    if (url.starts_with(rule.first) && (!best || rule.first.size() > best->first.size())) best = &rule;
  return best ? url.replace(0, best->first.size(), best->second) : url;
}

void set_transfer(Transfer& t, const CurlOptions& options, milliseconds time) {
  set(t.easy, CURLOPT_URL, rewritten(options.rewrite, outgoing_url(t.request, t.hop)).c_str());
  set(t.easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(t.easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (t.request.http2)  // a libcurl without it stays with HTTP/1.1
    curl_easy_setopt(t.easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(t.easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(t.easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(t.easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) set(t.easy, CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.user_agent.empty()) set(t.easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  set(t.easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  set(t.easy, CURLOPT_NOSIGNAL, 1L);
  set(t.easy, CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for a name server
  set(t.easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(t.easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(t.easy, CURLOPT_TIMEOUT_MS, static_cast<long>(time.count()));
  set(t.easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(time, max_connect_time).count()));
  set(t.easy, CURLOPT_ERRORBUFFER, t.detail);
  set(t.easy, CURLOPT_HEADERFUNCTION, &on_header);
  set(t.easy, CURLOPT_HEADERDATA, &t);
  set(t.easy, CURLOPT_WRITEFUNCTION, &on_body);
  set(t.easy, CURLOPT_WRITEDATA, &t);
  set(t.easy, CURLOPT_PRIVATE, &t);
  set_request(t);
}

// ── After: what became of it
// ────────────────────────────────────────────────────────────────────────────────────────

Outcome outcome_of(Transfer& t, base::Duration elapsed) {
  long request_bytes = 0;  // written to the connection; the TLS handshake does not count
  curl_easy_getinfo(t.easy, CURLINFO_REQUEST_SIZE, &request_bytes);
  if (t.aborted)
    return {Fate::cancelled, {}, base::error(Code::cancelled, "{}: cancelled", t.host()), "cancelled"};
  if (t.refusal) return {Fate::refused, {}, std::move(*t.refusal), "refused"};
  if (t.code != CURLE_OK) {
    const bool sent = request_bytes > 0;
    long system_error = 0;
    curl_easy_getinfo(t.easy, CURLINFO_OS_ERRNO, &system_error);
    const CurlFailure failure{t.code, static_cast<int>(system_error), t.detail,
                              sent,   t.response.body.size(),         elapsed};
    const CurlCause cause = cause_of(failure);
    const Fate fate = cause.ours ? Fate::refused : sent ? Fate::sent_unknown : Fate::not_sent;
    return {fate, {}, base::error(cause.code, "{}: {}", t.host(), cause.text), cause.reason};
  }
  curl_off_t received = 0;
  curl_easy_getinfo(t.easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
  t.response.received_bytes = static_cast<std::uint64_t>(received);
  t.response.url = t.hop.url;
  t.response.method = t.hop.method;
  t.response.elapsed = elapsed;
  return {Fate::answered, std::move(t.response)};
}

// ── The transport
// ───────────────────────────────────────────────────────────────────────────────────────────────────

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(CurlOptions options) : options_(std::move(options)) {
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    CHECK(initialised == CURLE_OK, "libcurl does not start");
    multi_ = curl_multi_init();
    CHECK(multi_, "libcurl does not start");
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 64L);  // idle ones kept
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  ~CurlTransport() override {
    {
      const std::lock_guard lock(mutex_);
      CHECK(active_ == 0, "the transport must outlive its attempts");
      thread_.request_stop();
      curl_multi_wakeup(multi_);
    }
    thread_.join();
    for (CURL* easy : idle_) curl_easy_cleanup(easy);
  }

  Outcome attempt(const Request& request, base::SteadyTime deadline, std::stop_token stop,
                  const Progress& progress) override {
    const base::SteadyTime started = steady_clock::now();
    const auto own_limit = std::clamp<milliseconds>(request.timeout, milliseconds{0}, std::chrono::hours{24});
    deadline = std::min(deadline, started + own_limit);
    auto hop = first_hop(request);
    if (!hop) return {Fate::refused, {}, std::move(hop).error(), "refused"};

    for (int redirects = 0;; ++redirects) {
      Outcome outcome = exchange(request, *hop, progress, started, deadline, stop);
      if (outcome.fate != Fate::answered) {
        // A server has seen the request and sent it on.
        if (redirects > 0 && outcome.fate == Fate::not_sent) outcome.fate = Fate::sent_unknown;
        return outcome;
      }
      auto next = next_hop(request, *hop, outcome.response);
      if (next && !*next) return redirects == 0 ? std::move(outcome) : last(request, std::move(outcome));
      if (next && redirects >= request.max_redirects)
        next = base::error(Code::endpoint_gone, "{}: more than {} redirects", host_label(request.url),
                           request.max_redirects);
      if (!next) return {Fate::refused, {}, std::move(next).error(), "refused"};
      *hop = std::move(**next);
    }
  }

 private:
  // The answer at the end of a chain of redirects.
  static Outcome last(const Request& request, Outcome outcome) {
    base::Redactor redactor;
    for (const auto* secrets : {&request.secret_parameters, &request.secret_headers})
      for (const SecretHeader& secret : *secrets) redactor.add(secret.value);
    outcome.response.url = redactor.redact(outcome.response.url);
    return outcome;
  }

  Outcome exchange(const Request& request, const Hop& hop, const Progress& progress, base::SteadyTime started,
                   base::SteadyTime deadline, const std::stop_token& stop) {
    Transfer t{.request = request, .hop = hop, .progress = progress};
    if (stop.stop_requested())
      return {Fate::cancelled, {}, base::error(Code::cancelled, "{}: cancelled", t.host()), "cancelled"};
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0)  // 0 would mean "for ever" to libcurl
      return {
          Fate::not_sent, {}, base::error(Code::timeout, "{}: no time left to send it", t.host()), "timeout"};
    t.easy = take_handle();
    set_transfer(t, options_, left);
    wait(t, stop);
    Outcome outcome = outcome_of(t, steady_clock::now() - started);
    curl_easy_reset(t.easy);
    curl_slist_free_all(t.headers);
    const std::lock_guard lock(mutex_);
    idle_.push_back(t.easy);
    return outcome;
  }

  CURL* take_handle() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) {
      CURL* easy = curl_easy_init();
      CHECK(easy, "out of memory");
      return easy;
    }
    CURL* easy = idle_.back();
    idle_.pop_back();
    return easy;
  }

  void wait(Transfer& t, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    ++active_;
    submitted_.push_back(&t);
    curl_multi_wakeup(multi_);
    if (t.finished.wait(lock, stop, [&] { return t.done; })) return;
    to_abort_.push_back(&t);
    curl_multi_wakeup(multi_);
    t.finished.wait(lock, [&] { return t.done; });
  }

  // Under the mutex. Notified under it too: the waiter destroys `t` as soon as it has the mutex again.
  void complete(Transfer& t, CURLcode code) {
    curl_multi_remove_handle(multi_, t.easy);
    std::erase(to_abort_, &t);
    --active_;
    t.code = code;
    t.done = true;
    t.finished.notify_all();
  }

  void take_orders() {
    const std::lock_guard lock(mutex_);
    for (Transfer* t : std::exchange(submitted_, {}))
      if (curl_multi_add_handle(multi_, t->easy) != CURLM_OK) complete(*t, CURLE_FAILED_INIT);
    for (Transfer* t : std::exchange(to_abort_, {})) {
      t->aborted = true;
      complete(*t, CURLE_ABORTED_BY_CALLBACK);
    }
  }

  void run(const std::stop_token& stop) {
    // Signals belong to the program's own thread. SIGPIPE most of all: OpenSSL writes without MSG_NOSIGNAL.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (!stop.stop_requested()) {
      take_orders();
      int running = 0;
      curl_multi_perform(multi_, &running);
      int more = 0;
      while (CURLMsg* message = curl_multi_info_read(multi_, &more)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode code = message->data.result;  // `message` dies with the handle's removal
        char* user = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
        const std::lock_guard lock(mutex_);
        complete(*reinterpret_cast<Transfer*>(user), code);
      }
      curl_multi_poll(multi_, nullptr, 0, 60'000, nullptr);  // until something happens, a wakeup included
    }
    const std::lock_guard lock(mutex_);  // the destructor's wakeup is over
    curl_multi_cleanup(multi_);          // here, because closing TLS connections writes, too
  }

  const CurlOptions options_;
  CURLM* multi_ = nullptr;
  std::mutex mutex_;
  int active_ = 0;
  std::vector<CURL*> idle_;
  std::vector<Transfer*> submitted_, to_abort_;
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<Transport> make_curl_transport(CurlOptions options) {
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace http
