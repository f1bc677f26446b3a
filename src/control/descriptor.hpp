// A file descriptor with an owner, and an eventfd that ends another thread's poll(2). ring() may be called
// from any thread, and from a stop callback.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/system_error.hpp"

namespace control {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void reset() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

class Wake {
 public:
  static base::Result<std::shared_ptr<Wake>> create() {
    Descriptor event(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!event) return base::system_error(errno, "making an eventfd");
    return std::shared_ptr<Wake>(new Wake(std::move(event)));
  }
  void ring() const { ::eventfd_write(event_.get(), 1); }
  void drain() const {
    eventfd_t ignored = 0;
    ::eventfd_read(event_.get(), &ignored);
  }
  int get() const { return event_.get(); }

 private:
  explicit Wake(Descriptor event) : event_(std::move(event)) {}
  const Descriptor event_;
};

}  // namespace control
