// What an operation returns when it may fail: a value, or an Error that says which action it asks for.
//
//   Result<Page> page = fetch(url);
//   if (!page) return page.error();           // or, shorter:
//   Page p = TRY(fetch(url));                  // returns the error to our caller
//   TRY_WITH(load(file), "reading {}", path);  // the same, with context added on the way up
//
// Errors are for what the world does to us. Bugs go to CHECK (check.hpp). Values and errors are plain data,
// safe to move between threads.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

namespace base {

// Chosen by what the receiver should do about it.
enum class Code {
  cancelled,       // we were told to stop; do nothing more
  timeout,         // a deadline passed; try again later
  unavailable,     // the other side is down or broken; try again later
  rate_limited,    // try again at `retry_after`, not before
  endpoint_gone,   // the address is no longer valid; a person must look
  permission,      // credentials or rights; a person must look
  invalid_config,  // what the user wrote is wrong; say where
  invalid_data,    // what the outside sent is wrong; trying again does not help
  conflict,        // somebody else holds it
  no_space,        // disk or quota is full
  internal,        // our bug, caught late
};

std::string_view to_string(Code code);

struct Error {
  Code code = Code::internal;
  std::string message;
  std::optional<std::chrono::milliseconds> retry_after{};

  // "reading x: " + message; the outermost context stands first.
  Error with(std::string_view context) && {
    message.insert(0, std::string(context) + ": ");
    return std::move(*this);
  }
};

template <class T>
struct [[nodiscard]] Result : tl::expected<T, Error> {
  using tl::expected<T, Error>::expected;
  Result(Error error)
      : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}  // NOLINT: implicit on purpose
};

// For TRY: the value of an expected; nothing for <void>, whose value() this tl::expected does not have.
template <class Expected>
typename Expected::value_type take(Expected&& expected) {
  if constexpr (!std::is_void_v<typename Expected::value_type>)
    return std::forward<Expected>(expected).value();
}

// error(Code::timeout, "no answer in {} s", 30)
template <class... Args>
Error error(Code code, fmt::format_string<Args...> format, Args&&... args) {
  return Error{code, fmt::format(format, std::forward<Args>(args)...)};
}

}  // namespace base

// A statement expression (g++ and clang): evaluates to the value, or returns the error from the enclosing
// function.
#define TRY(expression)                                                     \
  __extension__({                                                           \
    auto try_result_ = (expression);                                        \
    if (!try_result_) return ::base::Error(std::move(try_result_).error()); \
    ::base::take(std::move(try_result_));                                   \
  })

#define TRY_WITH(expression, ...)                                                                          \
  __extension__({                                                                                          \
    auto try_result_ = (expression);                                                                       \
    if (!try_result_) return ::base::Error(std::move(try_result_).error()).with(fmt::format(__VA_ARGS__)); \
    ::base::take(std::move(try_result_));                                                                  \
  })
