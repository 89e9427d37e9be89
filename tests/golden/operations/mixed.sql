SELECT CAST(concat('{"__typename":"Warehouse","name":', json_scalar(warehouses_1.name), '}') AS VARCHAR) AS concat_1 
FROM warehouses AS warehouses_1 
WHERE warehouses_1.id = $1::BIGINT;
