{#- A key's versions follow one another: none begins before the one before ended, and one at most is current. -#}
{% test versions_do_not_overlap(model, key) %}
select {{ key }}
from (
  select {{ key }}, valid_from, lag(valid_to) over (partition by {{ key }} order by valid_from) as ended,
    row_number() over (partition by {{ key }} order by valid_from) as number
  from {{ model }}
) as versions
where number > 1 and (ended is null or valid_from < ended)
{% endtest %}
