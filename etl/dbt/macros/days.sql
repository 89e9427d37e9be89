{#- Days, weeks and months: business days are days of São Paulo, whatever the clock of a server says. -#}

{% macro local_date(instant) %}{{ return(adapter.dispatch('local_date')(instant)) }}{% endmacro %}
{% macro duckdb__local_date(instant) %}cast({{ instant }} at time zone '{{ var("time_zone") }}' as date){% endmacro %}
{% macro bigquery__local_date(instant) %}date({{ instant }}, '{{ var("time_zone") }}'){% endmacro %}

{% macro local_hour(instant) %}{{ return(adapter.dispatch('local_hour')(instant)) }}{% endmacro %}
{% macro duckdb__local_hour(instant) %}extract(hour from {{ instant }} at time zone '{{ var("time_zone") }}'){% endmacro %}
{% macro bigquery__local_hour(instant) %}extract(hour from {{ instant }} at time zone '{{ var("time_zone") }}'){% endmacro %}

{#- The first instant after a day of São Paulo. -#}
{% macro end_of_day(day) %}{{ return(adapter.dispatch('end_of_day')(day)) }}{% endmacro %}
{% macro duckdb__end_of_day(day) %}(cast({{ day }} + 1 as timestamp) at time zone '{{ var("time_zone") }}'){% endmacro %}
{% macro bigquery__end_of_day(day) %}timestamp(date_add({{ day }}, interval 1 day), '{{ var("time_zone") }}'){% endmacro %}

{% macro days_between(first, last) %}{{ return(adapter.dispatch('days_between')(first, last)) }}{% endmacro %}
{% macro duckdb__days_between(first, last) %}date_diff('day', {{ first }}, {{ last }}){% endmacro %}
{% macro bigquery__days_between(first, last) %}date_diff({{ last }}, {{ first }}, day){% endmacro %}

{% macro hours_between(first, last) %}{{ return(adapter.dispatch('hours_between')(first, last)) }}{% endmacro %}
{% macro duckdb__hours_between(first, last) %}(date_diff('second', {{ first }}, {{ last }}) / 3600.0){% endmacro %}
{% macro bigquery__hours_between(first, last) %}(timestamp_diff({{ last }}, {{ first }}, second) / 3600.0){% endmacro %}

{% macro add_days(day, number) %}{{ return(adapter.dispatch('add_days')(day, number)) }}{% endmacro %}
{% macro duckdb__add_days(day, number) %}({{ day }} + cast({{ number }} as integer)){% endmacro %}
{% macro bigquery__add_days(day, number) %}date_add({{ day }}, interval {{ number }} day){% endmacro %}

{#- The Monday of a day's week, the first of its month. -#}
{% macro week_of(day) %}{{ return(adapter.dispatch('week_of')(day)) }}{% endmacro %}
{% macro duckdb__week_of(day) %}cast(date_trunc('week', {{ day }}) as date){% endmacro %}
{% macro bigquery__week_of(day) %}date_trunc({{ day }}, isoweek){% endmacro %}

{% macro month_of(day) %}{{ return(adapter.dispatch('month_of')(day)) }}{% endmacro %}
{% macro duckdb__month_of(day) %}cast(date_trunc('month', {{ day }}) as date){% endmacro %}
{% macro bigquery__month_of(day) %}date_trunc({{ day }}, month){% endmacro %}

{#- 1 is Monday, 7 is Sunday (ISO 8601). -#}
{% macro day_of_week(day) %}{{ return(adapter.dispatch('day_of_week')(day)) }}{% endmacro %}
{% macro duckdb__day_of_week(day) %}isodow({{ day }}){% endmacro %}
{% macro bigquery__day_of_week(day) %}(mod(extract(dayofweek from {{ day }}) + 5, 7) + 1){% endmacro %}

{% macro iso_week(day) %}{{ return(adapter.dispatch('iso_week')(day)) }}{% endmacro %}
{% macro duckdb__iso_week(day) %}week({{ day }}){% endmacro %}
{% macro bigquery__iso_week(day) %}extract(isoweek from {{ day }}){% endmacro %}

{#- A query of one column `day`, a row for each `step` days from the first to the last. -#}
{% macro day_series(first, last, step=1) %}{{ return(adapter.dispatch('day_series')(first, last, step)) }}{% endmacro %}
{% macro duckdb__day_series(first, last, step) %}select cast(unnest(generate_series(cast({{ first }} as timestamp), cast({{ last }} as timestamp), interval {{ step }} day)) as date) as day{% endmacro %}
{% macro bigquery__day_series(first, last, step) %}select day from unnest(generate_date_array({{ first }}, {{ last }}, interval {{ step }} day)) as day{% endmacro %}

{#- The moment since which the first known version of a row holds. -#}
{% macro since_ever() %}{{ return(adapter.dispatch('since_ever')()) }}{% endmacro %}
{% macro duckdb__since_ever() %}timestamptz '1900-01-01 00:00:00+00'{% endmacro %}
{% macro bigquery__since_ever() %}timestamp '1900-01-01 00:00:00+00'{% endmacro %}
