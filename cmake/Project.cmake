# Flags for all targets, and module(): a folder of src/ becomes a library, its tests and its benchmarks.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin CACHE PATH "Where programs are put")

set(SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined or thread")
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  # It leaves a precompiled header alone unless told that its times and macros are in order.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

if(SANITIZE)
  add_compile_options(-fsanitize=${SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SANITIZE})
endif()
add_compile_options(-pthread)  # some libraries ask for it, and what shares a precompiled header must agree

add_library(project_options INTERFACE)
# Errors where developers build; whoever builds to use it, perhaps with a compiler we never saw, is only warned.
option(WARNINGS_AS_ERRORS "Warnings stop the build (the presets for tests)" OFF)
target_compile_options(project_options INTERFACE -Wall -Wextra -Wpedantic $<$<BOOL:${WARNINGS_AS_ERRORS}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Optimised std::string of g++ 12 warns of copies that cannot happen: https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105651
  target_compile_options(project_options INTERFACE $<$<NOT:$<CONFIG:Debug>>:-Wno-restrict>)
endif()
target_include_directories(project_options INTERFACE ${CMAKE_SOURCE_DIR}/src)

# What nearly every source includes, builds for tests read from a precompiled header. Releases do not, and `./dev check`
# does not: a source that forgets an #include is found there.
set(COMMON_HEADERS <algorithm> <array> <chrono> <condition_variable> <functional> <map> <memory> <memory_resource> <mutex>
                   <optional> <span> <stop_token> <string> <string_view> <thread> <utility> <variant> <vector>
                   <fmt/format.h> <tl/expected.hpp>)

# precompile_headers(TARGET FIRST [header…]): the precompiled header is compiled with FIRST, and lent to all others
# that are compiled as it is.
function(precompile_headers target first)
  if(NOT CMAKE_BUILD_TYPE STREQUAL Debug AND NOT target MATCHES "_test$")
    return()
  endif()
  if(target STREQUAL first)
    target_precompile_headers(${target} PRIVATE ${COMMON_HEADERS} ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${first})
  endif()
  target_compile_options(${target} PRIVATE "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")  # for ccache
endfunction()

add_custom_target(unit_tests)  # all programs that test_program() makes

# test_program(NAME TIMEOUT [SHARDS n] SOURCES sources… LIBS libraries… [HEADERS more…])
# Program NAME_test, and the entry NAME in ctest; of n SHARDS, which share its tests, NAME.1 to NAME.n. HEADERS give it
# a precompiled header of its own.
function(test_program name timeout)
  cmake_parse_arguments(ARG "" "SHARDS" "SOURCES;LIBS;HEADERS" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${ARG_LIBS} GTest::gtest_main)
  if(ARG_HEADERS)
    precompile_headers(${name}_test ${name}_test <gtest/gtest.h> ${ARG_HEADERS})
  else()
    precompile_headers(${name}_test base_test <gtest/gtest.h>)
  endif()

  add_dependencies(unit_tests ${name}_test)
  if(SANITIZE)  # unoptimised as well
    math(EXPR timeout "${timeout} * 4")
  endif()
  if(NOT ARG_SHARDS)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT ${timeout})
    return()
  endif()
  foreach(shard RANGE 1 ${ARG_SHARDS})
    math(EXPR index "${shard} - 1")
    add_test(NAME ${name}.${shard} COMMAND ${name}_test)
    set_tests_properties(${name}.${shard} PROPERTIES LABELS unit TIMEOUT ${timeout}
                         ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()

# module(NAME [HOT] [SHARDS n] [DEPS targets…] [LIBS libraries…])
#   src/NAME/*.cpp        → library NAME; DEPS are visible in its headers, LIBS only in its .cpp files
#                           (HOT: it computes for so long that it is optimised when sanitized, too)
#   src/NAME/*_test.cpp   → program NAME_test, one entry in ctest or n
#   src/NAME/*_bench.cpp  → program NAME_bench
function(module name)
  cmake_parse_arguments(ARG "HOT" "SHARDS" "DEPS;LIBS" ${ARGN})
  set(dir ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp)
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cpp$")

  if(NOT sources)
    add_library(${name} INTERFACE)
    return()
  endif()
  add_library(${name} STATIC ${sources})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${name} PUBLIC $<BUILD_INTERFACE:project_options> fmt::fmt ${ARG_DEPS} PRIVATE ${ARG_LIBS})
  if(ARG_HOT AND SANITIZE)
    target_compile_options(${name} PRIVATE -O1)
  else()
    precompile_headers(${name} base)
  endif()

  if(tests)
    test_program(${name} 300 SHARDS "${ARG_SHARDS}" SOURCES ${tests} LIBS ${name} ${ARG_LIBS})
  endif()
  if(benches AND NOT SANITIZE)  # what they would measure there means nothing
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE ${name} ${ARG_LIBS} benchmark::benchmark_main)
  endif()
endfunction()
